//! wgpu pipelines that draw leases with the shaders of `shaders/`.
