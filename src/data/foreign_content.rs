//! Recognition, by their first bytes, of files that are not what was asked for although their names say so.
//!
//! A new kind is an entry of [`SIGNATURES`].

/// Number of bytes at the beginning of a file that are enough to recognise it.
pub(crate) const START: usize = 512;

/// Content of a file that is of no use here, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForeignContent {
    /// Content as a noun with its article.
    pub what: &'static str,
    /// Advice as a clause.
    pub advice: &'static str,
}

impl ForeignContent {
    /// Reason why a file cannot be read, as a clause with advice.
    pub fn reason(self) -> String {
        format!("it is {}; {}", self.what, self.advice)
    }
}

/// First bytes of files of other kinds.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"version https://git-lfs", "a Git LFS pointer, not the file that it stands for", GET_LFS),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras and MATLAB write it", CONVERT),
    (b"MATLAB 5.0", "a MATLAB file", CONVERT),
    (b"GGUF", "a GGUF file", CONVERT),
    (b"\x1f\x8b", "compressed with gzip", UNPACK),
    (b"BZh", "compressed with bzip2", UNPACK),
    (b"\xfd7zXZ\0", "compressed with xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", CHOOSE),
    (b"\xff\xd8\xff", "a JPEG picture", CHOOSE),
    (b"%PDF", "a PDF document", CHOOSE),
    (b"\x7fELF", "a program", CHOOSE),
    // An ONNX model begins with its version, a small number, and the name of the program that wrote it.
    (b"\x08\x03\x12", ONNX, CONVERT),
    (b"\x08\x04\x12", ONNX, CONVERT),
    (b"\x08\x06\x12", ONNX, CONVERT),
    (b"\x08\x07\x12", ONNX, CONVERT),
    (b"\x08\x08\x12", ONNX, CONVERT),
    (b"\x08\x09\x12", ONNX, CONVERT),
    (b"\x08\x0a\x12", ONNX, CONVERT),
];

/// Fewest bytes that are called a text; fewer are the rest of a file of any kind.
const LEAST_TEXT: usize = 8;

const ONNX: &str = "an ONNX model";
const GET_LFS: &str = "run git lfs pull in its folder, or download the file itself";
const UNPACK: &str = "unpack it first";
const CHOOSE: &str = "choose another file";
const CONVERT: &str = "it is not read here: convert it in the program that wrote it";
const DOWNLOAD: &str = "the server answered with an error or a login: open it to see why, and download again";

/// Content of a file that should not be text and begins with these bytes; `None` if it may be what was asked for.
pub(crate) fn foreign_content(start: &[u8]) -> Option<ForeignContent> {
    if start.is_empty() {
        return Some(ForeignContent { what: "empty", advice: "download or copy it again" });
    }
    let text = ForeignContent { what: "text", advice: "open it to see what it says" };
    known_content(start).or_else(|| is_text(start).then_some(text))
}

/// Content of a file that begins with these bytes, by its signature; `None` if it has none that is known.
pub(crate) fn known_content(start: &[u8]) -> Option<ForeignContent> {
    let signature = SIGNATURES.iter().find(|(signature, ..)| start.starts_with(signature));
    if let Some((_, what, advice)) = signature {
        return Some(ForeignContent { what, advice });
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some(ForeignContent { what: "a tar archive", advice: UNPACK });
    }
    let text = start.trim_ascii_start().to_ascii_lowercase();
    let is_page = [&b"<!doctype"[..], b"<html", b"<?xml", b"<head", b"<body", b"\xef\xbb\xbf<"]
        .iter()
        .any(|tag| text.starts_with(tag));
    is_page.then_some(ForeignContent { what: "a web page", advice: DOWNLOAD })
}

/// True for text without a single other byte, such as `{"message": "Not Found"}` or a path in place of a link.
fn is_text(start: &[u8]) -> bool {
    // The end may cut a letter in two.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.len() >= LEAST_TEXT && text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}
