//! The functions and classes that a pickle of arrays may name.

/// Function or class that may be named or called.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum PickleCallable {
    /// Makes an array to be filled.
    Reconstruct,
    /// Makes an array of bytes.
    FromBuffer,
    /// The class of arrays.
    ArrayClass,
    /// The class of element types.
    DtypeClass,
    /// Makes bytes of a text.
    Encode,
}

/// Functions and classes that construct arrays, by their names in NumPy 1 and 2.
pub(super) fn callable(module: &str, name: &str) -> Result<PickleCallable, String> {
    Ok(match (module, name) {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => PickleCallable::Reconstruct,
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => PickleCallable::FromBuffer,
        ("numpy", "ndarray") => PickleCallable::ArrayClass,
        ("numpy", "dtype") => PickleCallable::DtypeClass,
        ("_codecs", "encode") => PickleCallable::Encode,
        _ => {
            let name: String =
                format!("{module}.{name}").chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(format!("it calls {name}, which is refused: only arrays are read"));
        }
    })
}
