// start.js - the only script of the page that stands there as it is: the others and the C code are
// compressed, so that the whole is one small file that opens from a disk too.

const OLD_BROWSER = {
    en: 'This page needs a browser with WebAssembly and DecompressionStream (Chrome 80, Firefox 113, Safari 16.4 ' +
        'or later). In a terminal the same is: aksu lab',
    ko: '이 페이지를 보려면 WebAssembly와 DecompressionStream을 지원하는 브라우저가 필요하다(Chrome 80, ' +
        'Firefox 113, Safari 16.4 이상). 터미널에서는 ‘aksu lab --lang ko’로 같은 것을 볼 수 있다',
};

async function unpack(id) {
    const text = atob(document.getElementById(id).textContent), packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++)
        packed[i] = text.charCodeAt(i);
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')));
}

async function start() {
    if (typeof WebAssembly !== 'object' || typeof DecompressionStream !== 'function') {
        const say = document.createElement('p');
        say.className = 'lab-notice';
        say.setAttribute('role', 'alert');
        say.textContent = OLD_BROWSER[/^ko\b/.test(navigator.language) ? 'ko' : 'en'];
        document.getElementById('lab').replaceChildren(say);
        return;
    }
    const core = unpack('core').then(answer => answer.arrayBuffer()).then(code => WebAssembly.compile(code));
    const script = document.createElement('script');
    script.textContent = await (await unpack('script')).text();
    window.aksuCore = core;             // a promise of the compiled module, for page.js
    document.body.append(script);
}

start();
