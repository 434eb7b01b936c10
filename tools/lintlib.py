"""What tools/lint-* share: finding files, telling C's comments from its code, and reporting."""

import pathlib
import re
import sys

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def root():
    """The tree to look at: the first argument, or the one this file lives in."""
    here = pathlib.Path(__file__).resolve().parent.parent
    return pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here


def blank(text):
    """As many spaces, and the same line ends."""
    return re.sub(r'[^\n]', ' ', text)


def comments_of(text):
    """The text with everything but its comments blanked."""
    out, end = [], 0
    for m in TOKEN.finditer(text):
        out.append(blank(text[end:m.start()]))
        out.append(m.group() if m.group()[0] == '/' else blank(m.group()))
        end = m.end()
    return ''.join(out) + blank(text[end:])


def code_of(text, strings=False):
    """The text with its comments blanked, and its strings too unless they are asked for."""
    return TOKEN.sub(lambda m: m.group() if strings and m.group()[0] != '/' else blank(m.group()), text)


class Lint:
    def __init__(self):
        self.root = root()
        self.findings = 0
        self.checked = 0

    def files(self, directories, suffixes):
        """(path within the tree, text) of every file below the directories, in order."""
        for d in directories:
            for path in sorted((self.root / d).rglob('*')):
                if path.is_file() and path.suffix in suffixes:
                    self.checked += 1
                    yield path.relative_to(self.root), path.read_text(encoding='utf-8')

    def report(self, path, line, what):
        self.findings += 1
        print(f'{path}:{line}: {what}')

    def finish(self):
        if not self.checked:
            print(f'{self.root}: there is nothing here to check; is this the right directory?')
        sys.exit(1 if self.findings or not self.checked else 0)
