#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""usage: docs/check_links.py FOLDER

Checks the links of the HTML pages in FOLDER that stay within it: the file must exist, and the anchor
must be in it. Links to other sites are not followed. Lists every broken link."""
import html.parser
import pathlib
import sys
import urllib.parse


# The summary line at the top of a page may name sections that EXCLUDE_SYMBOLS has emptied.
doxygens_own = ('nested-classes', 'define-members')


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        for name in ('id', 'name'):
            if values.get(name):
                self.anchors.add(values[name])
        for name in ('href', 'src', 'data'):
            if values.get(name) and tag != 'base':
                self.links.append((self.getpos()[0], values[name]))


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    pages = {p: Page(p.read_text(encoding='utf-8'))
             for p in sorted(root.rglob('*.html'))
             if p.relative_to(root).parts[0] not in ('mathjax', 'search')}
    checked, broken = 0, []
    for path, page in pages.items():
        for line, link in page.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc or link.startswith('//'):
                continue
            checked += 1
            target = path
            if url.path:
                target = (path.parent / urllib.parse.unquote(url.path)).resolve()
            if not target.exists():
                broken.append(f'{path.name}:{line}: {link}: no such file')
            elif url.fragment and target in pages and \
                    url.fragment not in doxygens_own and \
                    urllib.parse.unquote(url.fragment) not in pages[target].anchors:
                broken.append(f'{path.name}:{line}: {link}: no such anchor')
    print('\n'.join(broken), file=sys.stderr, end='\n' if broken else '')
    print(f'links: {checked} checked in {len(pages)} pages, {len(broken)} broken')
    return 1 if broken or not pages else 0


sys.exit(main())
