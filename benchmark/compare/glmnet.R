# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: Rscript glmnet.R FILE [OFFSETS]
#   FILE, native byte order: n, d, nonzeros, dense (0 or 1) as int32; then by columns: starts and
#   indices as int32, values as double; the targets as double. OFFSETS: n doubles. Answers each line
#   of the standard input, "FAMILY ALPHA LAMBDA STEPS DECADES INTERCEPT THRESHOLD KEEP XFILE", with a
#   line of JSON. The path has STEPS lambdas in geometric sequence from 10^DECADES LAMBDA to LAMBDA.
#   INTERCEPT is none or free; it is the last number of x, of which KEEP, last or all, go to XFILE as
#   native doubles.
suppressPackageStartupMessages({ library(Matrix); library(glmnet) })
glmnet.control(fdev = 0, devmax = 1)  # no path ends before its last lambda

given <- commandArgs(trailingOnly = TRUE)
file <- file(given[1], "rb")
sizes <- readBin(file, "integer", 4)
starts <- readBin(file, "integer", sizes[2] + 1)
indices <- readBin(file, "integer", sizes[3])
values <- readBin(file, "double", sizes[3])
y <- readBin(file, "double", sizes[1])
close(file)
x <- new("dgCMatrix", i = indices, p = starts, x = values, Dim = sizes[1:2])
if (sizes[4] == 1) x <- as.matrix(x)
offsets <- if (length(given) > 1) readBin(given[2], "double", sizes[1])

fit <- function(family, alpha, lambda, steps, decades, intercept, threshold, keep, x_file) {
  target <- if (family %in% c("binomial", "multinomial")) factor(y) else y
  steps <- as.integer(steps)
  path <- as.numeric(lambda) * 10^seq(if (steps > 1) as.numeric(decades) else 0, 0,
                                      length.out = steps)
  start <- proc.time()
  model <- glmnet(x, target, family, alpha = as.numeric(alpha), lambda = path,
                  thresh = as.numeric(threshold), maxit = 1e6, standardize = FALSE,
                  intercept = intercept == "free", offset = offsets)
  taken <- proc.time() - start
  if (length(model$lambda) < steps || model$jerr != 0) stop("did not converge")
  betas <- if (is.list(model$beta)) model$beta else list(model$beta)
  x_of <- function(k) c(unlist(lapply(betas, function(b) as.numeric(b[, k]))),
                        if (intercept == "free") model$a0[k])
  writeBin(unlist(lapply(if (keep == "all") 1:steps else steps, x_of)), x_file)
  sprintf('{"seconds":%.9g,"cpu":%.9g}', taken[["elapsed"]], sum(taken[c("user.self", "sys.self")]))
}

input <- file("stdin")
open(input)
while (length(line <- readLines(input, 1)) > 0) {
  words <- as.list(strsplit(line, " ")[[1]])
  cat(tryCatch(suppressWarnings(do.call(fit, words)), error = function(e) "{}"), "\n", sep = "")
  flush(stdout())
}
