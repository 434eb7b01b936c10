// dom.js - elements in one expression.

const SVG = 'http://www.w3.org/2000/svg';

function fillIn(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (name.startsWith('on'))
            element.addEventListener(name.slice(2), value);
        else if (value === true)
            element.setAttribute(name, '');
        else if (value !== false && value !== null && value !== undefined)
            element.setAttribute(name, value);
    }
    element.append(...children.filter(child => child !== null && child !== undefined));
    return element;
}

export const h = (tag, attributes, ...children) =>
    fillIn(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) =>
    fillIn(document.createElementNS(SVG, tag), attributes, children);

// Text that is set again and again: the page is touched only when it differs.
export function setText(element, text) {
    if (element.textContent !== text)
        element.textContent = text;
}

export function setAttribute(element, name, value) {
    const text = String(value);
    if (element.getAttribute(name) !== text)
        element.setAttribute(name, text);
}

export const stateClass = state => `st-${String(state).toLowerCase()}`;
