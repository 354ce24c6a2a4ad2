//! Recognition of networks that are none of ours, by the names of their tensors, so that a person learns what was
//! given instead of what is missing in it.
//!
//! A new one is an entry of [`NETWORKS`], and a case in `tests/weights_of_others.rs`.

/// A network that cannot be loaded.
struct ForeignNetwork {
    /// Name with its article, as after "it is".
    name: &'static str,
    /// Pieces of tensors' names. Each of them must be in some name.
    signs: &'static [&'static str],
}

/// Well-known networks, the special ones before those that are a part of them.
const NETWORKS: &[ForeignNetwork] = &[
    ForeignNetwork { name: "Lite-Mono", signs: &["downsample_layers.", "ddwconv"] },
    ForeignNetwork { name: "Lite-Mono", signs: &["downsample_layers.", "stem2."] },
    ForeignNetwork { name: "MonoViT", signs: &["patch_embed_stages.", "mhca_stages."] },
    ForeignNetwork { name: "ManyDepth", signs: &["reduce_conv.", "layer0.0.", "layer1.1."] },
    ForeignNetwork { name: "PackNet", signs: &["pack1.conv3d", "unpack"] },
    ForeignNetwork { name: "ZoeDepth", signs: &["core.core.", "scratch."] },
    ForeignNetwork { name: "ZoeDepth", signs: &["seed_bin_regressor."] },
    ForeignNetwork { name: "Depth Anything", signs: &["pretrained.blocks.", "depth_head.projects."] },
    ForeignNetwork { name: "Depth Anything", signs: &["backbone.embeddings.", "neck.reassemble_stage."] },
    ForeignNetwork { name: "Video Depth Anything", signs: &["pretrained.blocks.", "head.motion_modules."] },
    ForeignNetwork { name: "Depth Pro", signs: &["encoder.patch_encoder.", "fov."] },
    ForeignNetwork { name: "DPT (MiDaS)", signs: &["pretrained.model.", "scratch.refinenet"] },
    ForeignNetwork { name: "DPT (MiDaS)", signs: &["dpt.encoder.", "neck."] },
    ForeignNetwork { name: "MiDaS", signs: &["pretrained.layer1.", "scratch.refinenet"] },
    ForeignNetwork { name: "MiDaS", signs: &["scratch.layer1_rn", "scratch.output_conv"] },
    ForeignNetwork { name: "Metric3D", signs: &["depth_model.encoder.", "depth_model.decoder."] },
    ForeignNetwork { name: "UniDepth", signs: &["pixel_encoder.", "pixel_decoder."] },
    ForeignNetwork { name: "AdaBins", signs: &["adaptive_bins_layer."] },
    ForeignNetwork { name: "GLPN", signs: &["glpn.encoder."] },
    ForeignNetwork { name: "BTS", signs: &["base_model.", "decoder.daspp_"] },
    ForeignNetwork { name: "BTS", signs: &["base_model.", "decoder.reduc"] },
    ForeignNetwork { name: "NeWCRFs", signs: &["crf0.", "crf3."] },
    ForeignNetwork { name: "HR-Depth", signs: &["X_01_Conv_"] },
    ForeignNetwork { name: "HR-Depth", signs: &["X_31_Conv_"] },
    ForeignNetwork {
        name: "Monodepth (the first one) in PyTorch",
        signs: &["upconv6.", "iconv6.", "disp4_layer."],
    },
    ForeignNetwork { name: "SfMLearner", signs: &["predict_disp1.", "upconv1."] },
    ForeignNetwork {
        name: "Marigold or another diffusion model",
        signs: &["down_blocks.", "up_blocks.", "time_embedding."],
    },
    ForeignNetwork {
        name: "DIFFNet or another network on HRNet",
        signs: &["stage2.0.branches.", "transition1."],
    },
    ForeignNetwork { name: "RAFT", signs: &["update_block.gru.", "fnet."] },
    ForeignNetwork {
        name: "a U-Net of segmentation_models_pytorch",
        signs: &["segmentation_head.", "decoder.blocks."],
    },
    ForeignNetwork {
        name: "a segmentation network of torchvision",
        signs: &["backbone.layer1.0.", "classifier."],
    },
    ForeignNetwork { name: "a Swin transformer", signs: &["relative_position_bias_table"] },
    ForeignNetwork {
        name: "a vision transformer (ViT or DINOv2)",
        signs: &["cls_token", "blocks.0.attn.qkv"],
    },
    ForeignNetwork { name: "a language or vision transformer", signs: &["self_attn.q_proj."] },
    ForeignNetwork { name: "ConvNeXt", signs: &["downsample_layers.0.", "stages.0.0.dwconv"] },
    ForeignNetwork { name: "EfficientNet", signs: &["_blocks.0._depthwise_conv"] },
    ForeignNetwork {
        name: "MobileNet or EfficientNet of torchvision",
        signs: &["features.0.0.weight", "features.1."],
    },
    ForeignNetwork { name: "VGG of torchvision", signs: &["features.0.weight", "classifier.0.weight"] },
    ForeignNetwork { name: "a YOLO detector", signs: &["model.0.conv.", "model.1.conv."] },
];

/// Name of what has these tensors, if it is a well-known network or an optimiser.
pub(super) fn foreign_network(names: &[&str]) -> Option<&'static str> {
    // PyTorch keeps what an optimiser knows about a parameter by the parameter's number.
    let is_of_optimiser = |name: &&str| name.starts_with("state.") || name.starts_with("param_groups.");
    if !names.is_empty() && names.iter().all(is_of_optimiser) {
        return Some("the state of an optimiser");
    }
    let has = |sign: &str| names.iter().any(|name| name.contains(sign));
    NETWORKS.iter().find(|network| network.signs.iter().all(|sign| has(sign))).map(|network| network.name)
}
