// test_lab.mjs - the page of the labs in a real browser. Each scenario: what the page plays is octet for
// octet what aksu lab plays; step by step to the end and back to the start one is where one was; no
// error. Knobs, turns in the middle, the address, both languages, 390 and 1440 pixels.
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { launch } from './chromium.mjs';
import { is, holds, test } from './check.mjs';

const root = new URL('../../', import.meta.url).pathname;
const aksu = process.env.AKSU ?? `${root}build/gcc/aksu`;
const file = process.env.LAB_PAGE ?? `${root}build/web/lab/index.html`, url = `file://${file}`;
const shots = `${root}build/web-test/shots`, OCTETS_MOST = 400 * 1024, ALL_STEPS = 40;
const READY = 'performance.getEntriesByName("lab-visible").length > 0';

async function open(browser, hash = '', size = {}) {
    const page = await browser.open(url + hash, size);
    await page.until(READY, 30000);
    return page;
}

// What both ends and the ladder are at each step, forward and back again.
const WALK = `(async () => {
    const viewer = aksuLab.viewer, all = viewer.steps, seen = new Map(), wrong = [];
    const few = all > ${ALL_STEPS} ? Math.ceil(all / ${ALL_STEPS}) : 1;
    const look = () => [...document.querySelectorAll('.av-now-panel, .av-tcb, .av-states, .av-count')]
        .filter(e => !e.closest('[hidden]')).map(e => e.outerHTML).join('');
    const order = [];
    for (let n = 0; n < all; n += few)
        order.push(n);
    order.push(all);
    for (const n of order) {
        viewer.step(n);
        seen.set(n, look());
    }
    for (const n of order.reverse()) {
        viewer.step(n);
        if (look() !== seen.get(n))
            wrong.push(n);
    }
    return JSON.stringify({ all, wrong, length: seen.get(0).length, different: new Set(seen.values()).size,
                            looked: seen.size });
})()`;

const native = name =>
    spawnSync(aksu, ['lab', name, '--json', '-'], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
// Tables may say how much memory a stack takes, which depends on the size of a pointer.
const happened = text => text.slice(text.indexOf('\n') + 1).replace(/^\{"table":.*$/gm, '');

async function scenario(page, name) {
    await page.evaluate(`aksuLab.choose(${JSON.stringify(name)})`);
    const what = `{scenario: ${JSON.stringify(name)}, seed: '1', knobs: {}, turns: []}`;
    const played = await page.evaluate(`aksuLab.core.play(${what}, 'en')`);
    const there = happened(native(name)), here = happened(played);
    holds(`${name}: the page plays what aksu lab plays`, there === here && here.length > 500,
          `${here.length} and ${there.length} octets`);
    const walked = JSON.parse(await page.evaluate(WALK));
    is(`${name}: back to the start through ${walked.all} steps`, [], walked.wrong);
    holds(`${name}: each step shows something`,
          walked.all > 0 && walked.length > 200 && walked.different > walked.looked / 2, walked);
    is(`${name}: all holds`, 0, played.split('\n').filter(line => /^\{"check".*"ok":false/.test(line)).length);
}

async function scenarios(browser) {
    const page = await open(browser);
    const list = await page.evaluate('JSON.stringify(aksuLab.core.scenarios("en").map(one => one.name))');
    const names = JSON.parse(list);
    holds('there are scenarios', names.length >= 20, names);
    for (const name of names)
        await scenario(page, name);
    is('no error', [], page.errors);
    await page.close();
}

const slide = (knob, value) => `(() => {
    const input = document.getElementById('knob-${knob}');
    input.value = ${value};
    input.dispatchEvent(new Event('input', { bubbles: true }));
    return document.querySelector('output[for="knob-${knob}"]').textContent;
})()`;
const FIRST_ARRIVAL = `JSON.parse(JSON.stringify(aksuLab.core.play(aksuLab.playing, 'en'))).split('\\n')
    .map(line => line && JSON.parse(line)).find(line => line.event === 'segment_in').at`;

async function knobs(browser) {
    const page = await open(browser, '#handshake');
    is('the delay is 10 ms', 10e6, await page.evaluate(FIRST_ARRIVAL));
    const said = await page.evaluate(slide('delay', 150));
    const delay = Number(/^(\d+) ms$/.exec(said)?.[1]);
    holds('a slider says what it does', delay > 10, said);
    is('and does it', delay * 1e6, await page.evaluate(FIRST_ARRIVAL));
    await page.until("location.hash.includes('delay=')");
    const hash = await page.evaluate('location.hash');
    holds('the address has the knob', hash.includes(`delay=${delay}`), hash);
    await page.evaluate('aksuLab.viewer.step(2)');
    await page.until("location.hash.includes('step=2')");
    const shown = await page.evaluate('document.querySelector(".av-tcb").outerHTML');
    const again = await open(browser, await page.evaluate('location.hash'));
    is('who gets the address sees the same', shown,
       await again.evaluate('document.querySelector(".av-tcb").outerHTML'));
    await again.close();
    await page.evaluate('document.querySelector(".lab-when select").value = "now"');
    await page.evaluate(slide('loss', 90));
    is('a knob from this moment on is a turn', 1, await page.evaluate('aksuLab.playing.turns.length'));
    await page.evaluate('document.querySelector(".lab-undo").click()');
    is('that can be taken back', 0, await page.evaluate('aksuLab.playing.turns.length'));
    const said2 = await page.evaluate("document.getElementById('knob-delay').getAttribute('aria-valuetext')");
    is('a slider tells a reader what it tells the eye', said, said2);
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })");
    await page.evaluate(`[...document.querySelectorAll('.lab-button')]
        .find(b => b.textContent.startsWith('Copy')).click()`);
    await page.until("!document.querySelector('.lab-address').hidden");
    is('without a clipboard the address is there to be copied', true, await page.evaluate(
        `document.querySelector('.lab-address').value === location.href &&
         getSelection().toString() === location.href`));
    is('no error with knobs', [], page.errors);
    await page.close();
}

// What an address asks for and cannot have is said, and does not stay in it.
async function addresses(browser) {
    const largest = String(2n ** 64n - 1n);
    const page = await open(browser, `#handshake?seed=${largest}&delay=99999999&nonsense=1&turn=9:0:delay:5&step=2`);
    const notice = await page.evaluate('document.querySelector(".lab-notice").textContent');
    holds('what is not as the address says is told',
          ['delay=99999999', 'nonsense=1', 'turn=9:0:delay:5'].every(word => notice.includes(word)), notice);
    await page.until(`location.hash === '#handshake?seed=${largest}&delay=10000&step=2'`);
    await page.evaluate("aksuLab.set('delay', 20)");
    await page.until('document.querySelector(".lab-notice").hidden');
    await page.evaluate("aksuLab.turn('loss', 1)");
    holds('the command is without turns, and says so',
          (await page.evaluate('document.querySelector(".av-command").textContent')).includes('turns of knobs'));
    is('no error with addresses', [], page.errors);
    await page.close();
    const broken = await open(browser, '#%');
    holds('an address that cannot be read is an unknown scenario', (await broken.evaluate(
        'document.querySelector(".lab-notice").textContent')).includes('%'));
    is('no error with it', [], broken.errors);
    await broken.close();
}

// A scenario by its number, in large letters, and by half of its name; what there is no such thing of.
async function near(browser) {
    const page = await open(browser);
    for (const [hash, name, said] of [['#S02', 'two-way', ''], ['#HANDSHAKE', 'handshake', ''],
        ['#hand', 'handshake', '“hand”'], ['#mms', 'mss', '“mms”'], ['#handshake?lang=fr', 'handshake', 'lang=fr'],
        ['#two-way?two-way', 'two-way', 'two-way=.'], ['#handshake?step=99999', 'handshake', 'step=99999']]) {
        await page.evaluate(`location.hash = '${hash}'`);
        await page.until(`aksuLab.playing.scenario === '${name}' && (e =>
            '${said}' ? e.textContent.includes('${said}') : e.hidden)(document.querySelector('.lab-notice'))`);
        is(`${hash} is ${name}`, name, await page.evaluate('aksuLab.playing.scenario'));
    }
    is('no error with names', [], page.errors);
    await page.close();
}

// Acts of many networks are their tables, unless somebody chooses a connection of one.
async function manyNetworks(browser) {
    const page = await open(browser, '#time-wait?step=70');
    const shown = selector => page.evaluate(`document.querySelector('${selector}').getBoundingClientRect().height > 0`);
    is('no ladder of ten hosts', [false, true, true],
       [await shown('.av-ladder-box'), await shown('.av-why-not'), await shown('.av-data table')]);
    await page.evaluate(`(select => { select.value = '3'; select.dispatchEvent(new Event('change')); })(
        document.querySelectorAll('.av-choosers select')[1])`);
    is('a connection that is chosen is drawn, between its hosts', [true, 2],
       [await shown('.av-ladder-box'), await page.evaluate("document.querySelectorAll('.av-host').length")]);
    is('no error with many networks', [], page.errors);
    await page.close();
}

// What the scenario looks at, as the terminal prints it.
async function lookedAt(browser) {
    const page = await open(browser, '#handshake?step=2');
    const said = () => page.evaluate("[...document.querySelectorAll('.av-look caption')].map(e => e.textContent)");
    is('what the scenario looks at stands at its step', ['5.000 ms: the SYN is under way'], await said());
    await page.evaluate('aksuLab.viewer.step(5)');
    is('and all of it at the end of the act', ['5.000 ms: the SYN is under way', '40.000 ms: both are ESTABLISHED'],
       await said());
    await page.evaluate('aksuLab.viewer.step(1)');
    is('and none before', [], await said());
    await page.evaluate('aksuLab.viewer.setLanguage("ko"), aksuLab.viewer.step(5)');
    await page.screenshot(`${shots}/looks-ko.png`, true);
    is('no error with looks', [], page.errors);
    await page.close();
}

async function cable(browser) {
    const page = await open(browser, '#cable-pull');
    const record = 'aksuLab.core.play(aksuLab.playing, "en")';
    const before = await page.evaluate(`aksuLab.viewer.step(4), ${record}`);
    await page.evaluate('document.querySelector(".lab-danger").click()');
    holds('a cable that is pulled changes what follows', await page.evaluate(record) !== before);
    is('and not what was', 4, await page.evaluate('aksuLab.viewer.step()'));
    await page.close();
}

// The first stop leads to what the page is about.
async function keyboard(browser) {
    const page = await open(browser, '#handshake');
    await page.key('Tab');
    is('the first stop skips the questions', 'Skip to the diagram',
       await page.evaluate('document.activeElement.textContent'));
    await page.key('Enter');
    is('and goes to the ladder', 'av-ladder', await page.evaluate('document.activeElement.className.split(" ")[0]'));
    const order = await page.evaluate(`[...document.querySelectorAll('.lab-side a, .lab-side input, .lab-side button')]
        .filter(e => e.offsetParent).map(e => [Math.round(e.getBoundingClientRect().top), e.className || e.id])`);
    const tops = order.map(([top]) => top);
    holds('stops are in the order of what is seen', tops.every((top, i) => i === 0 || top >= tops[i - 1] - 4), order);
    is('the button of the other language is called what it says', true, await page.evaluate(
        "(b => b.ariaLabel.includes(b.textContent))(document.querySelector('.av-language'))"));
    await page.close();
}

async function people(browser) {
    const page = await open(browser, '#nonsense');
    const notice = await page.evaluate('document.querySelector(".lab-notice").textContent');
    holds('an unknown scenario is said', notice.includes('nonsense'), notice);
    await page.evaluate('document.querySelector(".lab-link[href=\\"#two-way\\"]").click()');
    holds('one click from the first sight to why two steps are not enough',
          (await page.evaluate('document.title')).startsWith('Why are two steps not enough?'));
    await page.evaluate('aksuLab.speak("ko")');
    holds('Korean', /[가-힣]/.test(await page.evaluate('document.querySelector(".av-title").textContent')));
    is('the language of the page', 'ko', await page.evaluate('document.documentElement.lang'));
    is('every control has a name', [], JSON.parse(await page.evaluate(`JSON.stringify(
        [...document.querySelectorAll('.lab button, .lab select, .lab input, .lab a')]
            .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length))
            .map(e => e.outerHTML))`)));
    is('no error with people', [], page.errors);
    await page.close();
}

// The text of an act is written for the first values of the knobs.
async function toldValues(browser) {
    const last = 'document.querySelector(".av-act-text").innerText.trim().split("\\n").at(-1)';
    for (const [hash, said] of [['#mss?mss=536', '(The text describes the first values: --mss 1000.)'],
                                ['#mss?mss=536&lang=ko', '(이 설명은 처음 값에 맞춘 것이다: --mss 1000.)']]) {
        const page = await open(browser, hash);
        is(`${hash} says what its text is true for`, said, await page.evaluate(last));
        await page.close();
    }
    const page = await open(browser, '#mss');
    holds('and the first values do not', !/first values/.test(await page.evaluate(last)));
    await page.close();
}

async function looks(browser) {
    mkdirSync(shots, { recursive: true });
    for (const [width, hash] of [[1440, '#handshake'], [390, '#handshake'], [390, '#two-way?lang=ko'],
                                 [1440, '#loss'], [1440, '#syn-flood?lang=ko']]) {
        const page = await open(browser, hash, { width, height: 900, dark: hash === '#loss' });
        holds(`${hash} fits ${width} pixels`, await page.evaluate('document.documentElement.scrollWidth') <= width);
        await page.screenshot(`${shots}/lab${hash.replace(/\W+/g, '-')}-${width}.png`, width < 600);
        await page.close();
    }
}

async function speed(browser) {
    const page = await open(browser, '#handshake');
    const ms = await page.evaluate('performance.getEntriesByName("lab-visible")[0].startTime');
    console.log(`    first scenario visible after ${Math.round(ms)} ms`);
    await page.close();
}

await test('the lab page', async () => {
    const { size } = statSync(file);
    holds(`the page has ${size} octets, at most ${OCTETS_MOST}`, size <= OCTETS_MOST);
    const browser = await launch();
    try {
        for (const part of [scenarios, knobs, addresses, near, toldValues, manyNetworks, lookedAt, keyboard, cable,
            people, looks, speed])
            await test(part.name, () => part(browser));
    } finally {
        await browser.close();
    }
});
