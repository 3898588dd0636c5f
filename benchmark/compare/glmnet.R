# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: Rscript glmnet.R FILE
#   FILE, native byte order: n, d, nonzeros, dense (0 or 1) as int32; then by columns: starts and
#   indices as int32, values as double; the targets as double. Answers each line of the standard
#   input, "FAMILY LAMBDA THRESHOLD STEPS XFILE", with a line of JSON: glmnet's ridge penalty LAMBDA
#   by a path of STEPS lambdas that ends there. x goes to XFILE as native doubles.
suppressPackageStartupMessages({ library(Matrix); library(glmnet) })

file <- file(commandArgs(trailingOnly = TRUE)[1], "rb")
sizes <- readBin(file, "integer", 4)
starts <- readBin(file, "integer", sizes[2] + 1)
indices <- readBin(file, "integer", sizes[3])
values <- readBin(file, "double", sizes[3])
y <- readBin(file, "double", sizes[1])
close(file)
x <- new("dgCMatrix", i = indices, p = starts, x = values, Dim = sizes[1:2])
if (sizes[4] == 1) x <- as.matrix(x)

fit_seconds <- function(family, lambda, threshold, steps, x_file) {
  target <- if (family %in% c("binomial", "multinomial")) factor(y) else y
  path <- lambda * 10^seq(if (steps > 1) 3 else 0, 0, length.out = steps)
  start <- Sys.time()
  fit <- glmnet(x, target, family, alpha = 0, lambda = path, thresh = threshold, maxit = 1e5,
                standardize = FALSE, intercept = FALSE)
  seconds <- as.numeric(difftime(Sys.time(), start, units = "secs"))
  if (length(fit$lambda) < steps || fit$jerr != 0) stop("did not converge")
  betas <- if (is.list(fit$beta)) fit$beta else list(fit$beta)
  writeBin(unlist(lapply(betas, function(b) as.numeric(b[, steps]))), x_file)
  seconds
}

input <- file("stdin")
open(input)
while (length(line <- readLines(input, 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  seconds <- tryCatch(suppressWarnings(fit_seconds(words[1], as.numeric(words[2]),
                        as.numeric(words[3]), as.integer(words[4]), words[5])),
                      error = function(e) NA)
  cat(if (is.na(seconds)) "{}" else sprintf('{"seconds":%.9g}', seconds), "\n", sep = "")
  flush(stdout())
}
