// test_words.mjs - the catalogues of the viewer: both languages say everything, events.def included.
import { readFileSync } from 'node:fs';
import { catalogue } from '../../web/viewer/words.js';
import { is, holds } from './check.mjs';

const root = new URL('../../', import.meta.url).pathname;
const read = path => readFileSync(root + path, 'utf8');
const { en, ko } = catalogue;

is('both languages have the same keys', Object.keys(en).sort(), Object.keys(ko).sort());
is('both languages name the same events', Object.keys(en.ev).sort(), Object.keys(ko.ev).sort());
const events = Object.fromEntries([...read('include/aksu/events.def').matchAll(/EVENT\((\w+), "([^"]+)"/g)]
    .map(([, name, sentence]) => [name, sentence]));
is('the events are those of events.def, in its words', events, en.ev);

const placeholders = text => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
const strings = words => Object.entries({ ...words, ...words.ev }).filter(([, text]) => typeof text === 'string');
is('the same values are filled in', [], strings(en).filter(([key, text]) =>
    placeholders(text).join() !== placeholders(({ ...ko, ...ko.ev })[key]).join()).map(([key]) => key));
is('nothing is empty', [], [...strings(en), ...strings(ko)].filter(([, text]) => text.trim() === ''));
// Terms that have no Korean name are the same in both.
const same = ['SACK', 'ssthresh', 'SRTT', 'RTO', 'TCB', 'challenge ACK'];
is('Korean is Korean', [], strings(ko).filter(([, text]) => !/[가-힣]/.test(text) && !same.includes(text))
    .map(([key]) => key));

const sources = ['viewer', 'packet', 'ladder', 'entry', 'layout', 'text', 'tcb', 'plots', 'table', 'toolbar', 'panels']
    .map(name => read(`web/viewer/${name}.js`)).join('\n');
const used = [...sources.matchAll(/\bw\.(?:ev\.)?([a-z]\w*)/g)].map(m => m[1]).filter(key => key !== 'ev');
is('no word is used that is not there', [], used.filter(key => !(key in en) && !(key in en.ev)));
holds('and many are', new Set(used).size > 80, new Set(used).size);
is('no word is there that is not used', [], Object.keys(en).filter(key => key !== 'ev' &&
    !/^(kind|tcb)_/.test(key) && !new RegExp(`\\b(w|words)\\.${key}\\b`).test(sources)));
