// check.mjs - what the tests of the pages say: `ok NAME` or `FAIL NAME: why`, one line each.
import { isDeepStrictEqual, inspect } from 'node:util';

const short = value => inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 300 }).slice(0, 400);

export function is(name, wanted, got) {
    if (isDeepStrictEqual(wanted, got)) {
        console.log(`ok ${name}`);
        return true;
    }
    console.log(`FAIL ${name}: wanted ${short(wanted)}, got ${short(got)}`);
    process.exitCode = 1;
    return false;
}

export function holds(name, condition, got = '') {
    if (condition)
        console.log(`ok ${name}`);
    else
        console.log(`FAIL ${name}: ${short(got)}`);
    if (!condition)
        process.exitCode = 1;
    return Boolean(condition);
}

// Runs a test to its end; what it throws is a failure, not silence.
export async function test(name, run) {
    try {
        await run();
    } catch (error) {
        console.log(`FAIL ${name}: ${error.stack ?? error}`);
        process.exitCode = 1;
    }
}
