"""Layers: the parts from which every network is made; a layer is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

if TYPE_CHECKING:
    from lamina.core.tree import stack_modules
    from lamina.nn.activation import (
        ACTIVATIONS,
        elu,
        gelu,
        gelu_tanh,
        hard_swish,
        identity,
        leaky_relu,
        mish,
        relu,
        selu,
        sigmoid,
        silu,
        softmax,
        softplus,
        step,
        tanh,
    )
    from lamina.nn.adaptive import AdaptiveBlock, AdaptiveConvBlock, AdaptiveNorm
    from lamina.nn.attention import MultiHeadAttention
    from lamina.nn.augmented import TEST_TIME_AUGMENTATIONS, Augmented
    from lamina.nn.balance import BalanceBias, BalanceLoss
    from lamina.nn.causal_attention import CausalSelfAttention
    from lamina.nn.causal_convolution import CausalConv
    from lamina.nn.channels import GroupNorm, LocalResponseNorm, SqueezeExcitation
    from lamina.nn.convolution import Conv, ConvTranspose, SubpixelConv
    from lamina.nn.cross_attention import CrossAttention
    from lamina.nn.decoder_block import DecoderBlock, PostNormBlock
    from lamina.nn.depth import DropPath
    from lamina.nn.dropout import Dropout
    from lamina.nn.embedding import Embedding
    from lamina.nn.embedding_bag import EmbeddingBag
    from lamina.nn.encoder_block import EncoderBlock
    from lamina.nn.ensemble import BatchEnsembleLinear, Ensemble, MemberLinear, MemberScale
    from lamina.nn.experts import MixtureOfExperts
    from lamina.nn.feed_forward import FeedForward, GatedFeedForward
    from lamina.nn.graph.aggregators import AGGREGATORS
    from lamina.nn.graph.drop_edge import DropEdge
    from lamina.nn.graph.gat import GATConv, GATv2Conv
    from lamina.nn.graph.gcn import GCNConv
    from lamina.nn.graph.gin import GINConv, GINEConv
    from lamina.nn.graph.gps import GPSBlock
    from lamina.nn.graph.graph import Graph
    from lamina.nn.graph.jumping import jump_concat, jump_max
    from lamina.nn.graph.layer import AbstractGraphLayer, GraphSequential
    from lamina.nn.graph.mpnn import GatedNNConv, NNConv
    from lamina.nn.graph.norm import GraphNorm, NodeBatchNorm
    from lamina.nn.graph.pna import SCALERS, PNAConv
    from lamina.nn.graph.readout import NodeAttention, NodeMax, NodeMean, NodeSum, Set2Set
    from lamina.nn.graph.rgcn import RGCNConv
    from lamina.nn.graph.sage import SAGEConv
    from lamina.nn.graph.self_loops import with_self_loops
    from lamina.nn.initializers import INITIALIZERS
    from lamina.nn.level import LevelEmbedding
    from lamina.nn.linear import Linear
    from lamina.nn.mamba import Mamba
    from lamina.nn.mamba2 import Mamba2
    from lamina.nn.minibatch import MinibatchStd
    from lamina.nn.normalization import BatchNorm, LayerNorm, RMSNorm
    from lamina.nn.numeric import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding
    from lamina.nn.patches import LearnedPositions, PatchEmbedding, SinePositions
    from lamina.nn.pooling import AdaptiveAveragePool, AveragePool, GlobalAveragePool, GlobalMaxPool, MaxPool
    from lamina.nn.quantizer import MovingAverageQuantizer, VectorQuantizer
    from lamina.nn.recurrent import GRU, LSTM, RNN
    from lamina.nn.recurrent_stack import Bidirectional, RecurrentStack
    from lamina.nn.residual_block import ResidualBlock
    from lamina.nn.rotary import Alibi, Rotary
    from lamina.nn.sinusoidal import SinusoidalPositions
    from lamina.nn.spectral import SpectralNorm
    from lamina.nn.stack import Sequential, Stack
    from lamina.nn.state_space import LRU, S4D

_PLACES = {
    "lamina.core.tree": "stack_modules",
    "activation": "ACTIVATIONS elu gelu gelu_tanh hard_swish identity "
    "leaky_relu mish relu selu sigmoid silu softmax softplus step tanh",
    "adaptive": "AdaptiveBlock AdaptiveConvBlock AdaptiveNorm",
    "attention": "MultiHeadAttention",
    "balance": "BalanceBias BalanceLoss",
    "causal_attention": "CausalSelfAttention",
    "causal_convolution": "CausalConv",
    "channels": "GroupNorm LocalResponseNorm SqueezeExcitation",
    "convolution": "Conv ConvTranspose SubpixelConv",
    "cross_attention": "CrossAttention",
    "decoder_block": "DecoderBlock PostNormBlock",
    "depth": "DropPath",
    "dropout": "Dropout",
    "embedding": "Embedding",
    "encoder_block": "EncoderBlock",
    "embedding_bag": "EmbeddingBag",
    "ensemble": "BatchEnsembleLinear Ensemble MemberLinear MemberScale",
    "experts": "MixtureOfExperts",
    "feed_forward": "FeedForward GatedFeedForward",
    "lamina.nn.graph.aggregators": "AGGREGATORS",
    "lamina.nn.graph.drop_edge": "DropEdge",
    "lamina.nn.graph.gat": "GATConv GATv2Conv",
    "lamina.nn.graph.gcn": "GCNConv",
    "lamina.nn.graph.gin": "GINConv GINEConv",
    "lamina.nn.graph.gps": "GPSBlock",
    "lamina.nn.graph.graph": "Graph",
    "lamina.nn.graph.jumping": "jump_concat jump_max",
    "lamina.nn.graph.layer": "AbstractGraphLayer GraphSequential",
    "lamina.nn.graph.mpnn": "GatedNNConv NNConv",
    "lamina.nn.graph.norm": "GraphNorm NodeBatchNorm",
    "lamina.nn.graph.pna": "PNAConv SCALERS",
    "lamina.nn.graph.readout": "NodeAttention NodeMax NodeMean NodeSum Set2Set",
    "lamina.nn.graph.rgcn": "RGCNConv",
    "lamina.nn.graph.sage": "SAGEConv",
    "lamina.nn.graph.self_loops": "with_self_loops",
    "initializers": "INITIALIZERS",
    "level": "LevelEmbedding",
    "linear": "Linear",
    "mamba": "Mamba",
    "mamba2": "Mamba2",
    "minibatch": "MinibatchStd",
    "normalization": "BatchNorm LayerNorm RMSNorm",
    "numeric": "LinearEmbedding PeriodicEmbedding PiecewiseLinearEmbedding",
    "patches": "LearnedPositions PatchEmbedding SinePositions",
    "pooling": "AdaptiveAveragePool AveragePool GlobalAveragePool GlobalMaxPool MaxPool",
    "quantizer": "MovingAverageQuantizer VectorQuantizer",
    "rotary": "Alibi Rotary",
    "recurrent": "GRU LSTM RNN",
    "recurrent_stack": "Bidirectional RecurrentStack",
    "residual_block": "ResidualBlock",
    "sinusoidal": "SinusoidalPositions",
    "spectral": "SpectralNorm",
    "stack": "Sequential Stack",
    "state_space": "LRU S4D",
    "augmented": "TEST_TIME_AUGMENTATIONS Augmented",
}
__getattr__, __dir__ = lazy(__name__, _PLACES)

__all__ = [
    "ACTIVATIONS",
    "AGGREGATORS",
    "GRU",
    "INITIALIZERS",
    "LRU",
    "LSTM",
    "RNN",
    "S4D",
    "SCALERS",
    "TEST_TIME_AUGMENTATIONS",
    "AbstractGraphLayer",
    "AdaptiveAveragePool",
    "AdaptiveBlock",
    "AdaptiveConvBlock",
    "AdaptiveNorm",
    "Alibi",
    "Augmented",
    "AveragePool",
    "BalanceBias",
    "BalanceLoss",
    "BatchEnsembleLinear",
    "BatchNorm",
    "Bidirectional",
    "CausalConv",
    "CausalSelfAttention",
    "Conv",
    "ConvTranspose",
    "CrossAttention",
    "DecoderBlock",
    "DropEdge",
    "DropPath",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "EncoderBlock",
    "Ensemble",
    "FeedForward",
    "GATConv",
    "GATv2Conv",
    "GCNConv",
    "GINConv",
    "GINEConv",
    "GPSBlock",
    "GatedFeedForward",
    "GatedNNConv",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Graph",
    "GraphNorm",
    "GraphSequential",
    "GroupNorm",
    "LayerNorm",
    "LearnedPositions",
    "LevelEmbedding",
    "Linear",
    "LinearEmbedding",
    "LocalResponseNorm",
    "Mamba",
    "Mamba2",
    "MaxPool",
    "MemberLinear",
    "MemberScale",
    "MinibatchStd",
    "MixtureOfExperts",
    "MovingAverageQuantizer",
    "MultiHeadAttention",
    "NNConv",
    "NodeAttention",
    "NodeBatchNorm",
    "NodeMax",
    "NodeMean",
    "NodeSum",
    "PNAConv",
    "PatchEmbedding",
    "PeriodicEmbedding",
    "PiecewiseLinearEmbedding",
    "PostNormBlock",
    "RGCNConv",
    "RMSNorm",
    "RecurrentStack",
    "ResidualBlock",
    "Rotary",
    "SAGEConv",
    "Sequential",
    "Set2Set",
    "SinePositions",
    "SinusoidalPositions",
    "SpectralNorm",
    "SqueezeExcitation",
    "Stack",
    "SubpixelConv",
    "VectorQuantizer",
    "elu",
    "gelu",
    "gelu_tanh",
    "hard_swish",
    "identity",
    "jump_concat",
    "jump_max",
    "leaky_relu",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "stack_modules",
    "step",
    "tanh",
    "with_self_loops",
]
