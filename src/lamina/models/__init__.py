"""Architectures: one family a file, each registered with one size dial, imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

if TYPE_CHECKING:
    from lamina.core.inputs import ImageInputs, MixedInputs, TableInputs
    from lamina.models.airbench import Airbench
    from lamina.models.alexnet import AlexNet
    from lamina.models.autoencoder import Autoencoder
    from lamina.models.convnext import ConvNeXt
    from lamina.models.denoising_mlp import DenoisingMLP
    from lamina.models.denoising_unet import DenoisingUNet
    from lamina.models.dit import DiT
    from lamina.models.features import TableFeatures
    from lamina.models.ft_transformer import FTTransformer
    from lamina.models.fusion import Fusion
    from lamina.models.game import Game
    from lamina.models.images import ImageFeatures
    from lamina.models.lenet import LeNet
    from lamina.models.linear import LinearModel
    from lamina.models.masked_autoencoder import MaskedAutoencoder
    from lamina.models.mlp import MLP
    from lamina.models.mobilenet import MobileNet
    from lamina.models.registry import MODELS, ModelSpec, build, list_models, register
    from lamina.models.resnet import ResNet
    from lamina.models.resnet_tabular import ResNetTabular
    from lamina.models.row_density import RowDensity
    from lamina.models.tabm import TabM
    from lamina.models.unet import UNet
    from lamina.models.vae import VariationalAutoencoder
    from lamina.models.vgg import VGG
    from lamina.models.vit import ViT
    from lamina.models.vqvae import VQVAE
    from lamina.models.wide_resnet import WideResNet

_PLACES = {
    "lamina.core.inputs": "ImageInputs MixedInputs TableInputs",
    "airbench": "Airbench",
    "alexnet": "AlexNet",
    "autoencoder": "Autoencoder",
    "convnext": "ConvNeXt",
    "denoising_mlp": "DenoisingMLP",
    "denoising_unet": "DenoisingUNet",
    "dit": "DiT",
    "features": "TableFeatures",
    "ft_transformer": "FTTransformer",
    "fusion": "Fusion",
    "game": "Game",
    "lenet": "LeNet",
    "linear": "LinearModel",
    "masked_autoencoder": "MaskedAutoencoder",
    "mlp": "MLP",
    "mobilenet": "MobileNet",
    "images": "ImageFeatures",
    "registry": "MODELS ModelSpec build list_models register",
    "resnet": "ResNet",
    "resnet_tabular": "ResNetTabular",
    "row_density": "RowDensity",
    "tabm": "TabM",
    "unet": "UNet",
    "vae": "VariationalAutoencoder",
    "vgg": "VGG",
    "vit": "ViT",
    "vqvae": "VQVAE",
    "wide_resnet": "WideResNet",
}
__getattr__, __dir__ = lazy(__name__, _PLACES)

__all__ = [
    "MLP",
    "MODELS",
    "VGG",
    "VQVAE",
    "Airbench",
    "AlexNet",
    "Autoencoder",
    "ConvNeXt",
    "DenoisingMLP",
    "DenoisingUNet",
    "DiT",
    "FTTransformer",
    "Fusion",
    "Game",
    "ImageFeatures",
    "ImageInputs",
    "LeNet",
    "LinearModel",
    "MaskedAutoencoder",
    "MixedInputs",
    "MobileNet",
    "ModelSpec",
    "ResNet",
    "ResNetTabular",
    "RowDensity",
    "TabM",
    "TableFeatures",
    "TableInputs",
    "UNet",
    "VariationalAutoencoder",
    "ViT",
    "WideResNet",
    "build",
    "list_models",
    "register",
]
