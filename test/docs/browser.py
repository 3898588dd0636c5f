#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""usage: browser.py FOLDER [SCREENSHOTS]

Opens pages of the manual in FOLDER in headless Chromium, through chromedriver, and checks that
  - each page has its title, its text and its navigation tree;
  - all formulas are typeset;
  - the console has no errors;
  - no page scrolls horizontally, at 1200 and at 400 pixels, light and dark;
  - the dark-mode toggle works;
  - the search finds `minimize`.
With SCREENSHOTS, saves pictures of the pages there. No network connection is needed."""
import base64
import functools
import http.server
import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

PAGES = {  # file: (words of its text, whether it has formulas)
    'index.html': ('finite sum of losses', False),
    'tutorial.html': ('Step 6: a cluster', True),
    'coming_from.html': ('scikit-learn', True),
    'faq.html': ('Which H should I use?', False),
    'reports.html': ('Several runs', False),
    'algorithm.html': ('Theorem 2.2', True),
    'choosing.html': ('In five minutes', False),
    'theory_and_measurement.html': ('Speed-up', True),
    'invariants.html': ('Reproducibility', False),
    'component_regularizer.html': ('elastic_net', False),
    'namespacelocalsgd.html': ('minimize', False),
    'classlocalsgd_1_1linear__objective.html': ('Detailed Description', False),
}
SIZES = {'wide': (1200, 900), 'narrow': (400, 800)}

failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print(f'FAILED: {what}', file=sys.stderr)


def failed():
    return failures


class Browser:
    """The few commands of the WebDriver protocol that are needed here."""

    def __init__(self):
        self.driver = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        port = None
        for line in self.driver.stdout:
            if 'started successfully on port' in line:
                port = line.split('port')[-1].strip(' .\n')
                break
        if port is None:
            sys.exit('browser.py: chromedriver did not start')
        self.root = f'http://127.0.0.1:{port}'
        options = {'args': ['--headless=new', '--no-sandbox', '--disable-gpu',
                            '--disable-dev-shm-usage', '--hide-scrollbars']}
        answer = self.send('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome', 'goog:chromeOptions': options,
            'goog:loggingPrefs': {'browser': 'ALL'}}}})
        self.root += '/session/' + answer['sessionId']

    def send(self, method, path, body=None):
        data = None if method == 'GET' else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.root + path, data, method=method,
                                         headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            sys.exit(f'browser.py: {path}: {error.read().decode()[:300]}')

    def open(self, url):
        self.send('POST', '/url', {'url': url})

    def run(self, script, *arguments):
        return self.send('POST', '/execute/sync', {'script': script, 'args': list(arguments)})

    def resize(self, width, height):
        self.send('POST', '/goog/cdp/execute', {
            'cmd': 'Emulation.setDeviceMetricsOverride',
            'params': {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False}})

    def colour_scheme(self, scheme):
        self.send('POST', '/goog/cdp/execute', {
            'cmd': 'Emulation.setEmulatedMedia',
            'params': {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]}})

    def type_into(self, selector, text):
        element = self.send('POST', '/element', {'using': 'css selector', 'value': selector})
        self.send('POST', f'/element/{next(iter(element.values()))}/value', {'text': text})

    def console_errors(self):
        return [entry['message'] for entry in self.send('POST', '/se/log', {'type': 'browser'})
                if entry['level'] == 'SEVERE']

    def screenshot(self, path, whole=False):
        if whole:
            answer = self.send('POST', '/goog/cdp/execute', {
                'cmd': 'Page.captureScreenshot',
                'params': {'format': 'png', 'captureBeyondViewport': True}})
            path.write_bytes(base64.b64decode(answer['data']))
        else:
            path.write_bytes(base64.b64decode(self.send('GET', '/screenshot')))

    def wait(self, script, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.run(script):
                return True
            time.sleep(0.05)
        return False

    def close(self):
        self.send('DELETE', '')
        self.driver.terminate()
        self.driver.wait()


def inspect(browser, root, screenshots):
    for name, (words, formulas) in PAGES.items():
        browser.resize(*SIZES['wide'])
        browser.open(f'{root}/{name}')
        check(browser.wait('return document.readyState === "complete" && '
                           'document.querySelectorAll("#nav-tree-contents a").length > 5'),
              f'{name}: there is no navigation tree')
        check(words in browser.run('return document.body.innerText'), f'{name}: no "{words}"')
        if formulas:
            check(browser.wait('return window.MathJax && MathJax.Hub && MathJax.Hub.queue && '
                               'MathJax.Hub.queue.pending === 0 && '
                               'document.querySelectorAll(".MathJax").length > 0'),
                  f'{name}: formulas are not typeset')
            check(browser.run('return document.querySelectorAll(".MathJax_Error, .merror").length')
                  == 0, f'{name}: a formula has an error')
            check('\\frac' not in browser.run('return document.querySelector(".contents").innerText'),
                  f'{name}: a formula shows its source')
        for label, size in SIZES.items():
            browser.resize(*size)
            for mode in ('light', 'dark'):
                browser.run('document.documentElement.classList.toggle("dark-mode", arguments[0]);'
                            'document.documentElement.classList.toggle("light-mode", !arguments[0])',
                            mode == 'dark')
                overflow = browser.run('return document.documentElement.scrollWidth - '
                                       'window.innerWidth')
                # The page scrolls inside #doc-content beside the navigation tree.
                inner = browser.run('const e = document.getElementById("doc-content");'
                                    'return e ? e.scrollWidth - e.clientWidth : 0')
                check(max(overflow, inner) <= 0,
                      f'{name}, {label}: {max(overflow, inner)} pixels too wide')
                if screenshots:
                    browser.screenshot(screenshots / f'{pathlib.Path(name).stem}-{label}-{mode}.png')
        for message in browser.console_errors():
            check(False, f'{name}: console: {message}')


def use(browser, root):
    browser.resize(*SIZES['wide'])
    browser.open(f'{root}/index.html')
    check(browser.wait('return document.querySelector("doxygen-awesome-dark-mode-toggle") !== null'),
          'there is no dark-mode toggle')
    before = browser.run('return document.documentElement.classList.contains("dark-mode")')
    browser.run('document.querySelector("doxygen-awesome-dark-mode-toggle").click()')
    after = browser.run('return document.documentElement.classList.contains("dark-mode")')
    check(before != after, 'the dark-mode toggle changes nothing')

    browser.type_into('#MSearchField', 'minimize')
    found = ('const box = document.getElementById("MSearchResults");'
             'const body = box && (box.contentDocument ? box.contentDocument.body : box);'
             'return body !== null && body.innerText.includes("minimize")')
    check(browser.wait(found), 'the search does not find "minimize"')
    for message in browser.console_errors():
        check(False, f'search: console: {message}')


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def main():
    # Chromium loads no web fonts from file:// pages.
    server = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), functools.partial(Quiet, directory=sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f'http://127.0.0.1:{server.server_port}'
    screenshots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    browser = Browser()
    try:
        inspect(browser, root, screenshots)
        use(browser, root)
    finally:
        browser.close()
    print(f'browser: {len(PAGES)} pages in {time.monotonic() - start:.0f} s, {failures} failures')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
