"""What outputs a task wants of a model, and a model can give."""

from __future__ import annotations

ONE = "one"
"""One output an example, as of a classifier."""
EACH = "each"
"""One output for each position of the input, which may depend on all of them: masks, tags of words."""
NEXT = "next"
"""One output for each position, which depends on it and on those before: what comes next."""
CODE = "code"
"""A code of the input, and the input again from its code: ``encode(x)`` and ``decode(code)``, as of an
autoencoder."""
POSTERIOR = "posterior"
"""A distribution of codes: ``encode(x)`` is its mean and log-variance; ``decode(code)`` is what x is like."""
DENOISED = "denoised"
"""An output for each value of a noisy sample: ``model(x, level, label)``; level 0 is data, 1 is noise."""
GAME = "game"
"""A generator of samples, ``generator(noise, label)``, and a critic of them, ``critic(x, label)``."""
DENSITY = "density"
"""The log-density of a sample, ``log_density(x, label)``, and samples, ``sample(noise, label)``."""
IMPROVED = "improved"
"""What is to be added to a first estimate of an image: ``model(x)``, x a degraded image of any size."""
LINKS = "entities"
"""A score for every entity of a graph as the answer to a question: ``model(x)``, made of ``question(x)``,
``scores(question, vectors)`` and ``near(question, vectors)``."""
FUTURE = "future"
"""The steps of each series that come: ``model(x)``, (batch, series, numbers of a forecast)."""

WANTED = {
    ONE: "one output an example",
    EACH: "one output for every position",
    NEXT: "one output for every position, from it and those before",
    CODE: "a code of the input, and the input again",
    POSTERIOR: "a distribution of codes, and the input again",
    DENOISED: "a sample without its noise",
    GAME: "samples, and a critic of them",
    DENSITY: "the density of a sample",
    IMPROVED: "a better image",
    LINKS: "a score for every entity of a graph",
    FUTURE: "the steps of series that come",
}
