// chromium.mjs - a headless Chromium, spoken to over its debugging pipe, for tests of pages. Node's
// own modules only.
//   const browser = await launch();
//   const page = await browser.open('file:///...', { width: 1440, height: 900, dark: false });
//   await page.evaluate('document.title');  await page.key('ArrowRight');
//   await page.screenshot('build/x.png');   page.errors;   await browser.close();
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const FLAGS = ['--headless', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update', '--disable-extensions',
    '--hide-scrollbars', '--mute-audio', '--remote-debugging-pipe', '--disable-dev-shm-usage',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
const ANSWER_MS = 60000;

const wait = ms => new Promise(done => setTimeout(done, ms));

class Pipe {
    constructor(child) {
        Object.assign(this, { child, next: 1, waiting: new Map(), listeners: new Set(), rest: Buffer.alloc(0) });
        child.stdio[4].on('data', data => this.read(data));
        child.on('exit', code => {
            for (const { fail } of this.waiting.values())
                fail(new Error(`chromium ended (${code})`));
            this.waiting.clear();
        });
    }

    read(data) {
        this.rest = Buffer.concat([this.rest, data]);
        for (let end = this.rest.indexOf(0); end >= 0; end = this.rest.indexOf(0)) {
            const message = JSON.parse(this.rest.subarray(0, end).toString());
            this.rest = this.rest.subarray(end + 1);
            this.take(message);
        }
    }

    take(message) {
        const waiter = this.waiting.get(message.id);
        if (!waiter) {
            for (const listener of this.listeners)
                listener(message);
            return;
        }
        this.waiting.delete(message.id);
        clearTimeout(waiter.timer);
        if (message.error)
            waiter.fail(new Error(`${waiter.method}: ${message.error.message}`));
        else
            waiter.done(message.result);
    }

    send(method, params = {}, sessionId = undefined) {
        const id = this.next++;
        return new Promise((done, fail) => {
            const timer = setTimeout(() => fail(new Error(`${method}: no answer`)), ANSWER_MS);
            this.waiting.set(id, { done, fail, method, timer });
            this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        });
    }
}

const KEYS = { ArrowRight: 39, ArrowLeft: 37, ArrowUp: 38, ArrowDown: 40, Home: 36, End: 35, Enter: 13, Escape: 27,
               Tab: 9, PageUp: 33, PageDown: 34, ' ': 32 };

class Page {
    constructor(pipe, session, target) {
        Object.assign(this, { pipe, session, target, errors: [], requests: [] });
        pipe.listeners.add(message => message.sessionId === session && this.heard(message));
    }

    heard({ method, params }) {
        if (method === 'Runtime.exceptionThrown')
            this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
        else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type))
            this.errors.push(params.args.map(a => a.value ?? a.description).join(' '));
        else if (method === 'Log.entryAdded' && params.entry.level === 'error')
            this.errors.push(params.entry.text);
        else if (method === 'Network.requestWillBeSent')
            this.requests.push(params.request.url);
        else if (method === 'Page.loadEventFired')
            this.loaded?.();
    }

    send(method, params) {
        return this.pipe.send(method, params, this.session);
    }

    async size(width, height, { dark = false, mobile = width < 600 } = {}) {
        await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
        await this.send('Emulation.setEmulatedMedia',
                        { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    }

    async go(url) {
        const loaded = new Promise(done => { this.loaded = done; });
        const { errorText } = await this.send('Page.navigate', { url });
        if (errorText)
            throw new Error(`${url}: ${errorText}`);
        await loaded;
    }

    // The value of an expression; a promise is awaited. What it throws is thrown.
    async evaluate(expression) {
        const { result, exceptionDetails } = await this.send('Runtime.evaluate',
            { expression, returnByValue: true, awaitPromise: true });
        if (exceptionDetails)
            throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    }

    // Until the expression is true, or an error after `ms`.
    async until(expression, ms = 10000) {
        for (const end = Date.now() + ms; Date.now() < end; await wait(20))
            if (await this.evaluate(expression))
                return;
        throw new Error(`not within ${ms} ms: ${expression}`);
    }

    async key(key) {
        const code = KEYS[key], text = key.length === 1 ? key : key === 'Enter' ? '\r' : undefined;
        const common = { key, code: key === ' ' ? 'Space' : key, windowsVirtualKeyCode: code ?? key.charCodeAt(0) };
        await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', text, ...common });
        await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...common });
    }

    async mouse(type, x, y) {
        await this.send('Input.dispatchMouseEvent', { type, x, y, button: type === 'mouseMoved' ? 'none' : 'left',
                                                      clickCount: 1 });
    }

    async click(x, y) {
        for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
            await this.mouse(type, x, y);
    }

    async screenshot(path, whole = false) {
        mkdirSync(dirname(path), { recursive: true });
        const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole,
            clip: whole ? await this.wholeClip() : undefined });
        writeFileSync(path, Buffer.from(data, 'base64'));
    }

    async wholeClip() {
        const { cssContentSize } = await this.send('Page.getLayoutMetrics');
        return { x: 0, y: 0, width: cssContentSize.width, height: cssContentSize.height, scale: 1 };
    }

    // Roles and names as a screen reader is told: [{role, name}].
    async accessible() {
        const { nodes } = await this.send('Accessibility.getFullAXTree');
        return nodes.filter(n => !n.ignored).map(n => ({ role: n.role?.value, name: n.name?.value ?? '',
            focusable: n.properties?.some(p => p.name === 'focusable' && p.value.value) ?? false }));
    }

    async close() {
        await this.pipe.send('Target.closeTarget', { targetId: this.target });
    }
}

class Browser {
    constructor(child, directory) {
        Object.assign(this, { child, directory, pipe: new Pipe(child) });
    }

    async open(url, { width = 1440, height = 900, dark = false } = {}) {
        const { targetId } = await this.pipe.send('Target.createTarget', { url: 'about:blank' });
        const { sessionId } = await this.pipe.send('Target.attachToTarget', { targetId, flatten: true });
        const page = new Page(this.pipe, sessionId, targetId);
        for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
            await page.send(`${domain}.enable`);
        await page.size(width, height, { dark });
        await page.go(url);
        return page;
    }

    async close() {
        const ended = new Promise(done => this.child.once('exit', done));
        await Promise.race([this.pipe.send('Browser.close').catch(() => {}), wait(3000)]);
        if (await Promise.race([ended.then(() => false), wait(3000).then(() => true)])) {
            this.child.kill('SIGKILL');
            await ended;
        }
        rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
    }
}

// CHROMIUM names another browser of the family. Root has no sandbox.
export async function launch() {
    const directory = mkdtempSync(join(tmpdir(), 'aksu-chromium-'));
    const root = process.getuid() === 0 ? ['--no-sandbox'] : [];
    const child = spawn(process.env.CHROMIUM ?? 'chromium', [...FLAGS, ...root, `--user-data-dir=${directory}`],
                        { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    const started = new Promise((done, fail) => {
        child.once('error', error => fail(new Error(`chromium cannot be started: ${error.message}`)));
        child.once('spawn', done);
    });
    await started;
    return new Browser(child, directory);
}
