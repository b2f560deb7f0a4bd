"""The list of architectures, each with one size dial."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lamina.core.errors import ConfigError, suggest
from lamina.core.inputs import Inputs
from lamina.core.keys import FRACTION, NOT_NEGATIVE, POSITIVE, key, one_of
from lamina.core.module import Module
from lamina.core.registry import Registry
from lamina.core.wanted import ONE, WANTED

_NO_OPTIONS = ("size", "key", "wants")

# What an option of an architecture means, and its range.
OPTION_KEYS: dict[str, dict[str, Any]] = {
    "size": POSITIVE,
    "depth": {"meaning": "hidden layers or blocks", **NOT_NEGATIVE},
    "dropout": {"meaning": "share of values switched off in training", **FRACTION},
    "heads": {"meaning": "subspaces of the attention; as many as suit the size without", **POSITIVE},
    "key_value_heads": {"meaning": "subspaces of keys and values, which divide heads", **POSITIVE},
    "experts": {"meaning": "feed-forward layers of a block, of which a symbol passes a few", **POSITIVE},
    "top_k": {"meaning": "experts that a symbol passes", **POSITIVE},
    "tied": {"meaning": "the vectors of the symbols are the head too"},
    "symbol_dropout": {"meaning": "share of a text's symbols left out in training", **FRACTION},
    "activation": {"meaning": "the activation between layers"},
    "embedding": {
        "meaning": "how numbers are embedded",
        **one_of("none", "linear", "piecewise", "periodic"),
    },
    "embedding_width": {"meaning": "length of a number's embedding", **POSITIVE},
    "patch": {"meaning": "side of a patch in pixels", **POSITIVE},
    "registers": {"meaning": "tokens beside those of patches", **NOT_NEGATIVE},
    "pool": {"meaning": "what the head sees: the class token, or the mean of all", **one_of("token", "mean")},
    "stem": {"meaning": "how the first layer shrinks its input", **one_of("auto", "small", "large")},
    "width": {"meaning": "channels of the first stage", **POSITIVE},
    "hidden": {"meaning": "width of the hidden layers of the head", **POSITIVE},
    "norm": {"meaning": "normalization behind each convolution", **one_of("none", "batch")},
    "drop_path": {"meaning": "share of blocks that are skipped in training", **FRACTION},
    "blocks": {"meaning": "blocks", **POSITIVE},
    "bins": {"meaning": "pieces of a spline", **POSITIVE},
    "patch_length": {"meaning": "steps of a piece of a series", **POSITIVE},
    "vectors": {"meaning": "numbers that tell series and times of the calendar apart", **NOT_NEGATIVE},
    "fold": {"meaning": "side of the blocks of pixels that become channels", **POSITIVE},
    "levels": {"meaning": "times the image is halved", **NOT_NEGATIVE},
    "standardize": {"meaning": "by the moments of all images, or of each", **one_of("set", "each")},
    "networks": {
        "meaning": "which model reads which block, as photo:resnet,table:mlp; with options as an object",
        "check": lambda value: isinstance(value, str | dict),
        "expected": "blocks with their models, such as photo:resnet",
    },
    "positions": {"meaning": "what says where a symbol stands", **one_of("sinusoidal", "learned")},
    "decoder_depth": {"meaning": "blocks of the decoder; as many as of the encoder without", **POSITIVE},
    "shared": {"meaning": "source and target have the same symbols and vectors"},
    "latent": {"meaning": "numbers of the code or the noise that a sample is made of", **POSITIVE},
    "spectral": {"meaning": "divide each weight of the critic by its largest singular value"},
    "minibatch_std": {"meaning": "show the critic how much a few samples differ"},
    "state": {"meaning": "numbers of the state a feature of the state space", **POSITIVE},
    "sparsity": {"meaning": "weight of the mean size of a code's numbers in the loss", **NOT_NEGATIVE},
    "codes": {"meaning": "symbols of a code's alphabet", **POSITIVE},
    "pieces": {"meaning": "symbols of a row's code", **POSITIVE},
    "codebook": {"meaning": "how the symbols' vectors are learned", **one_of("average", "loss")},
    "commitment": {"meaning": "weight of what keeps outputs near their symbols", **NOT_NEGATIVE},
    "body": {"meaning": "layers of encoder and decoder", **one_of("convolutional", "dense")},
    "node_norm": {
        "meaning": "normalization of nodes: over the batch, each graph, or each node",
        **one_of("none", "batch", "each", "layer"),
    },
    "readout": {"meaning": "how a graph is told from its nodes", **one_of("sum", "mean", "max")},
    "bases": {"meaning": "matrices that all relations share", **POSITIVE},
    "edge_dropout": {"meaning": "share of edges left out of the graph in training", **FRACTION},
    "reach": {"meaning": "numbers begin within this over the size", **POSITIVE},
    "absent": {"meaning": "share of examples that training shows without a block it may lack", **FRACTION},
}


@dataclass(frozen=True)
class ModelSpec:
    """How to make one architecture.

    Args:
        name: the name people type.
        make: ``make(inputs, outputs, *, size, key, **options) -> Module``.
        size: default of the size dial.
        dial: what the dial turns, in words.
        summary: one sentence on when to use it.
        takes: types of inputs it accepts, such as `TableInputs`, or ``tuple`` for vectors.
        reference: where it was published.
        defaults: training keys that suit it better than the general ones.
        gives: outputs it can give, of `lamina.core.wanted.WANTED`; with several, ``make`` takes ``wants``.
    """

    name: str
    make: Callable[..., Module]
    size: int
    dial: str
    summary: str
    takes: tuple[type, ...]
    reference: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    gives: tuple[str, ...] = (ONE,)

    @property
    def options(self) -> dict[str, Any]:
        """Keyword options of the architecture and their defaults, the dial and ``wants`` left out."""
        parameters = inspect.signature(self.make).parameters.values()
        named = (p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in _NO_OPTIONS)
        return {p.name: p.default for p in named}

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it takes, in words: ``("table", "vector")``."""
        names = (kind.__name__.removesuffix("Inputs").lower() for kind in self.takes)
        return tuple("vector" if name == "tuple" else name for name in names)

    @functools.cached_property
    def keys(self) -> type:
        """Frozen dataclass of the keys it owns: size dial and options, but ``members``, the run's.

        None, or ``auto`` as a text, leaves an option to what is chosen.
        """
        fields = [("size", "int | None", self.size, self.dial)]
        for p in inspect.signature(self.make).parameters.values():
            if p.name in self.options and p.name != "members":
                fields.append((p.name, f"{_annotation(p)} | None", p.default, ""))
        made = [
            (name, kind, key(default, **{"meaning": meaning, **OPTION_KEYS.get(name, {})}))
            for name, kind, default, meaning in fields
        ]
        return dataclasses.make_dataclass(f"Keys of {self.name}".title().replace(" ", ""), made, frozen=True)

    def build(
        self,
        inputs: Inputs,
        outputs: int,
        *,
        size: int | None = None,
        wants: str | None = None,
        key: Any,
        **options: Any,
    ) -> Module:
        """Make the model; unknown options and sizes out of range are errors.

        Without ``wants`` it gives the first of its kinds of outputs.

        Raises:
            ConfigError: an option is unknown, the size is below one, or it gives no such outputs.
        """
        known = self.options
        for option in options:
            if option not in known:
                raise ConfigError(
                    f"model '{self.name}' has no option '{option}'{suggest(option, known)}",
                    expected="one of " + ", ".join(known) if known else "no options",
                )
        size = self.size if size is None else size
        if size < 1:
            raise ConfigError(f"size of '{self.name}' is out of range", expected=">= 1", received=size)
        wants = wants or self.gives[0]
        if wants not in self.gives:
            expected = " or ".join(WANTED[one] for one in self.gives)
            raise ConfigError(f"model '{self.name}' does not give {WANTED[wants]}", expected=expected)
        if len(self.gives) > 1:
            options["wants"] = wants
        return self.make(inputs, outputs, size=size, key=key, **options)


def _annotation(parameter: inspect.Parameter) -> str:
    """Return the type of an option in words; where none is written, that of its default."""
    written = parameter.annotation
    kind = type(parameter.default) if written is parameter.empty else written
    return kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))


# Which module registers a name: an architecture is imported when it is used, since each costs time.
_PLACES = {
    "airbench": "airbench",
    "alexnet": "alexnet",
    "autoencoder": "autoencoder",
    "bag_of_embeddings": "bag-of-embeddings",
    "bert": "bert",
    "convnext": "convnext",
    "denoising_mlp": "denoising-mlp",
    "denoising_unet": "denoising-unet",
    "dit": "dit",
    "dcgan": "dcgan",
    "ft_transformer": "ft-transformer",
    "fusion": "fusion",
    "gan_mlp": "gan-mlp",
    "gpt": "gpt",
    "graph_convolution": "gcn gat sage",
    "graph_messages": "gin mpnn pna gps",
    "lenet": "lenet",
    "llama": "llama",
    "linear": "perceptron logistic linear",
    "mamba": "mamba mamba2",
    "masked_autoencoder": "masked-autoencoder",
    "mlp": "mlp",
    "mobilenet": "mobilenet",
    "moe": "moe",
    "nlinear": "nlinear",
    "patchtst": "patchtst",
    "r3gan": "r3gan",
    "recurrent": "rnn lstm gru",
    "resnet": "resnet",
    "resnet_tabular": "resnet-tabular",
    "row_density": "realnvp spline-flow",
    "series_mlp": "series-mlp",
    "state_space": "s4d lru",
    "tabm": "tabm-mini tabm",
    "text_transformer": "text-transformer",
    "transformer": "transformer",
    "triples": "complex distmult rotate transe",
    "restoration": "edsr drunet",
    "rgcn": "rgcn",
    "unet": "unet",
    "vae": "vae",
    "vgg": "vgg",
    "vit": "vit",
    "vqvae": "vqvae",
    "wide_resnet": "wide-resnet",
}

MODELS: Registry[ModelSpec] = Registry(
    "model", places={n: f"lamina.models.{m}" for m, names in _PLACES.items() for n in names.split()}
)


def register(
    name: str,
    *,
    size: int,
    dial: str,
    takes: tuple[type, ...],
    reference: str = "",
    defaults: Mapping[str, Any] | None = None,
    gives: tuple[str, ...] = (ONE,),
) -> Callable[[Callable[..., Module]], Callable[..., Module]]:
    """Register the decorated maker; its docstring's first line becomes the summary.

    The maker's signature is ``make(inputs, outputs, *, size, key, **options)``.

    Args:
        name: the name people type.
        size: default of the size dial.
        dial: what the dial turns, in words.
        takes: types of inputs it accepts, such as `TableInputs`, or ``tuple`` for vectors.
        reference: where it was published.
        defaults: training keys that suit it better than the general ones.
        gives: outputs it can give, of `lamina.core.wanted.WANTED`; with several, ``make`` takes ``wants``.

    Returns:
        A decorator that gives the maker back.
    """

    def decorate(make: Callable[..., Module]) -> Callable[..., Module]:
        summary = (inspect.getdoc(make) or "").partition("\n")[0]
        MODELS.add(name, ModelSpec(name, make, size, dial, summary, takes, reference, defaults or {}, gives))
        return make

    return decorate


def build(
    name: str,
    *,
    inputs: Inputs,
    outputs: int,
    size: int | None = None,
    wants: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Module:
    """Make an untrained model by name.

    Args:
        name: one of `list_models`.
        inputs: shape of one example, ``(features,)``, or a `TableInputs`.
        outputs: how many numbers leave.
        size: the size dial; the architecture's default when left out.
        wants: the outputs: ``"one"`` an example, one for ``"each"`` position, or one that says what comes
            ``"next"``; the first that the architecture gives when left out.
        seed: decides every initial weight.
        **options: further options of the architecture.

    Returns:
        The model; its arrays lie on the host until it is trained or called.

    Raises:
        ConfigError: the name or an option is unknown.

    Example:
        >>> model = build("mlp", inputs=(64,), outputs=10, size=32, seed=0)
        >>> import numpy as np
        >>> model(np.zeros((5, 64), np.float32)).shape
        (5, 10)
    """
    from lamina.core.random import make_key

    if isinstance(inputs, list):
        inputs = tuple(inputs)
    return MODELS[name].build(inputs, outputs, size=size, wants=wants, key=make_key(seed), **options)


def list_models(pattern: str = "*") -> list[str]:
    """Return the names of the registered models that match a shell pattern.

    Example:
        >>> list_models("tabm*")
        ['tabm', 'tabm-mini']
    """
    return MODELS.match(pattern)
