// report.js - the page of a report: the viewer of the record that stands in it, at the end of its first act.
import { createViewer } from './viewer.js';
import { parseLines } from './record.js';

// The step stands in the address, so that it can be sent to somebody; not at each step of many.
let waiting = 0;

function keepInAddress(n) {
    clearTimeout(waiting);
    waiting = setTimeout(() => history.replaceState(null, '', `#${n}`), 300);
}

function openReport() {
    const lines = parseLines(document.getElementById('record').textContent);
    const header = lines.find(line => line.record !== undefined) ?? {};
    const lang = header.lang === 'ko' ? 'ko' : 'en';
    document.documentElement.lang = lang;
    document.title = header.title ?? document.title;
    const wanted = /^#(\d+)$/.exec(location.hash);     // before a step is written there
    const viewer = createViewer(document.getElementById('viewer'), {
        lang, onStep: keepInAddress,
    });
    viewer.setRecord(lines, { open: true });
    if (wanted)
        viewer.step(Number(wanted[1]));
    window.aksuViewer = viewer;         // for those who look from the console, and for the tests
}

document.addEventListener('DOMContentLoaded', openReport);
