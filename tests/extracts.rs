//! The extracts of the reference arrays in `golden/` against the arrays that they were taken from.

use crate::support::{extract, golden, largest_difference};

#[test]
#[ignore = "needs ../shared/golden: reference arrays"]
fn extracts_hold_what_the_reference_arrays_hold() {
    for file in ["losses", "training", "misc"] {
        let (extract, golden) = (extract(file), golden(file));
        let mut compared = 0;
        // Those of jitter are of a picture of our own.
        for name in extract.names().into_iter().filter(|name| !name.starts_with("jitter.")) {
            let (_, whole) = golden.get(&name);
            let (expected, kept) = extract.beside(&name, &whole);
            // Values kept as levels may be rounded once more.
            assert!(largest_difference(&kept, &expected) <= 6e-8, "{name} of {file}");
            compared += 1;
            let Some(image) = name.strip_suffix("_s0") else { continue };
            for scale in 1..4 {
                let coarser = format!("{image}_s{scale}");
                assert!(extract.get(&coarser) == golden.get(&coarser), "{coarser} of {file}");
            }
        }
        assert!(compared > 10, "{compared} arrays of {file}");
    }
}
