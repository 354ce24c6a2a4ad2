//! Names by which a known re-implementation of the method saves the same tensors.

/// The published name of a tensor that has this name in either layout.
pub(super) fn published_key(key: &str) -> String {
    let pieces: Vec<&str> = key.split('.').collect();
    let renamed = match pieces.as_slice() {
        ["upconvs", layer, "0", "1", kind] => {
            level(layer, "upconv_", "_0").map(|scale| format!("decoder.{}.conv.conv.{kind}", 2 * (4 - scale)))
        }
        ["iconvs", layer, "0", "1", kind] => level(layer, "iconv_", "_1")
            .map(|scale| format!("decoder.{}.conv.conv.{kind}", 2 * (4 - scale) + 1)),
        ["disps", layer, "1", kind] => {
            level(layer, "disp_", "").map(|scale| format!("decoder.{}.conv.{kind}", 10 + scale))
        }
        ["layers", "compress", kind] => Some(format!("net.0.{kind}")),
        ["layers", layer, kind] => {
            level(layer, "pconv_", "").map(|index| format!("net.{}.{kind}", index + 1))
        }
        _ => None,
    };
    renamed.unwrap_or_else(|| key.to_owned())
}

/// The number from 0 to 4 in a layer's name.
fn level(layer: &str, before: &str, after: &str) -> Option<usize> {
    let number = layer.strip_prefix(before)?.strip_suffix(after)?.parse().ok()?;
    (number <= 4).then_some(number)
}
