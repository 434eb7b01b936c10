// lab_words.js - what the page of the labs says around the viewer, in English and in Korean.

export const LAB_WORDS = {
    en: {
        heading: 'Aksu lab', scenarios: 'Questions', choose: 'Choose a question',
        knobs: 'Turn the knobs', none: 'This scenario has no knobs.', seed: 'Seed', other_seed: 'Other random numbers',
        skip: 'Skip to the diagram',
        from_start: 'the whole act', from_now: 'from this moment on', when: 'A change applies to',
        reset: 'Reset', cut_now: 'Pull the cable now', put_back: 'Put the cable back now',
        turned: 'act {act}, {time} ms: {knob} {value}', undo: 'Take this back',
        share: 'Copy the address', shared: 'Copied',
        copy_this: 'The address, to be copied', on: 'on', off: 'off',
        failed: 'This could not be played to its end: {why}', broken: 'The page could not be started: {why}',
        unknown: 'There is no scenario “{name}”. The nearest name is “{near}”: here it is.',
        odd: 'The address also says what cannot be set here, or not so: {what}.',
        turns: 'and turns of knobs, which only this page has',
    },
    ko: {
        heading: 'Aksu 실험실', scenarios: '질문', choose: '질문 고르기',
        knobs: '조건 바꾸기', none: '이 시나리오에는 바꿀 조건이 없다.', seed: '시드', other_seed: '다른 난수',
        from_start: '장면 전체에', from_now: '지금 이 순간부터', when: '적용 범위', skip: '사다리 그림으로 건너뛰기',
        reset: '처음 값으로', cut_now: '지금 케이블 뽑기', put_back: '지금 케이블 다시 꽂기',
        turned: '{act}번 장면 {time} ms: {knob} {value}', undo: '되돌리기',
        share: '주소 복사', shared: '복사했다', copy_this: '복사할 주소', on: '켬', off: '끔',
        failed: '끝까지 실행하지 못했다: {why}', broken: '페이지를 시작하지 못했다: {why}',
        unknown: '‘{name}’, 그런 시나리오는 없다. 이름이 가장 비슷한 ‘{near}’를 보여 준다.',
        odd: '주소에 있지만 여기서는 쓸 수 없거나 그대로는 쓸 수 없는 값: {what}',
        turns: '그리고 이 페이지에만 있는 도중의 조건 변경',
    },
};
