// frames.mjs - how fast the pages are, in a headless Chromium: the frames that its compositor really draws
// while one steps through a transfer of more than 1,000 segments, a step for each frame, and the time until
// the page of the labs shows its first scenario. The page draws in software here; vsync is 60 a second.
// Called by bench/page/run with the page of the transfer, that of the labs, and how often.
import { launch } from '../../tests/web/chromium.mjs';

const [transfer, lab, runs] = process.argv.slice(2);
const STEPS = 600, FIRST = 300, CATEGORIES = ['devtools.timeline.frame', 'disabled-by-default-devtools.timeline.frame'];

const STEPPING = `new Promise(done => {
    const times = [];
    requestAnimationFrame(function next(now) {
        times.push(now);
        aksuViewer.step(aksuViewer.step() + 1);
        if (times.length <= ${STEPS}) requestAnimationFrame(next); else done(times);
    });
})`;

const sorted = values => [...values].sort((a, b) => a - b);
const quantile = (values, q) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))];

// When frames were drawn while `work` ran, in ms of the browser's clock.
async function drawn(page, work) {
    const times = [], { pipe } = page;
    const ended = new Promise(done => {
        const hear = ({ method, params }) => {
            if (method === 'Tracing.dataCollected') {
                times.push(...params.value.filter(e => e.name === 'DrawFrame').map(e => e.ts / 1000));
            } else if (method === 'Tracing.tracingComplete') {
                pipe.listeners.delete(hear);
                done();
            }
        };
        pipe.listeners.add(hear);
    });
    await page.send('Tracing.start', { transferMode: 'ReportEvents',
                                       traceConfig: { includedCategories: CATEGORIES } });
    await work();
    await page.send('Tracing.end');
    await ended;
    return sorted(times);
}

async function stepping(browser) {
    const page = await browser.open(`file://${transfer}`);
    await page.evaluate(`aksuViewer.step(${FIRST})`);
    let asked;
    const times = await drawn(page, async () => { asked = await page.evaluate(STEPPING); });
    await page.close();
    const seconds = (asked.at(-1) - asked[0]) / 1000;
    const between = times.slice(1).map((t, i) => t - times[i]).filter(ms => ms > 0);
    return { steps: STEPS / seconds, frames: (times.length - 1) / ((times.at(-1) - times[0]) / 1000),
             half: quantile(between, 0.5), most: quantile(between, 0.99) };
}

async function opening(browser) {
    const page = await browser.open(`file://${lab}`);
    await page.until('performance.getEntriesByName("lab-visible").length > 0', 30000);
    const ms = await page.evaluate('performance.getEntriesByName("lab-visible")[0].startTime');
    await page.evaluate('new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))');
    const paint = await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null');
    await page.close();
    return { ms, paint };
}

const browser = await launch();
try {
    console.log('run   steps/s  frames drawn/s  between frames: median, 99 of 100   first scenario after');
    for (let run = 1; run <= Number(runs); run++) {
        const open = await opening(browser), step = await stepping(browser);
        console.log(`${String(run).padStart(3)}  ${step.steps.toFixed(1).padStart(8)}  ` +
            `${step.frames.toFixed(1).padStart(14)}  ${`${step.half.toFixed(1)} ms`.padStart(22)}, ` +
            `${`${step.most.toFixed(1)} ms`.padEnd(9)}   ${open.ms.toFixed(0)} ms (painted ${open.paint?.toFixed(0) ?? '?'} ms)`);
    }
} finally {
    await browser.close();
}
