//! Writing `.pth` files: the zip container of PyTorch 1.6 and later.
//!
//! It is an archive of uncompressed entries: `data.pkl`, a pickled dictionary in which each tensor refers to a
//! storage, and one entry of raw numbers for each storage.

use crate::data::deferred_error::{DeferredErrorWriter, check};
use std::{
    cell::RefCell,
    io::{Result, Seek, Write},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A value of the dictionary.
pub(super) enum StateDictValue {
    /// A tensor of f32.
    Floats {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// Values, row-major.
        values: Vec<f32>,
    },
    /// A zero-dimensional i64 tensor with the value 0.
    Zero,
    /// A plain number.
    Integer(usize),
    /// A plain boolean.
    Truth(bool),
}

/// Folder of all entries in the archive; PyTorch accepts any name.
const ROOT: &str = "archive";

/// Numbers begin at a multiple of this many bytes, so that PyTorch can map the file into memory.
const ALIGNMENT: u16 = 64;

/// Writes a dictionary, in this order.
pub(super) fn write_dictionary(output: impl Write + Seek, items: &[(String, StateDictValue)]) -> Result<()> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let failure = RefCell::default();
    let mut archive = ZipWriter::new(DeferredErrorWriter::new(output, &failure));
    let mut entry = |name: &str, bytes: &[u8]| -> Result<()> {
        archive.start_file(format!("{ROOT}/{name}"), options.with_alignment(ALIGNMENT))?;
        archive.write_all(bytes)?;
        check(&failure)
    };
    entry("data.pkl", &pickle(items))?;
    entry("byteorder", b"little")?;
    for (index, (_, item)) in items.iter().enumerate() {
        let name = format!("data/{index}");
        match item {
            StateDictValue::Floats { values, .. } => {
                entry(&name, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
            }
            StateDictValue::Zero => entry(&name, &0_i64.to_le_bytes())?,
            StateDictValue::Integer(_) | StateDictValue::Truth(_) => {}
        }
    }
    entry("version", b"3\n")?;
    archive.finish()?;
    check(&failure)
}

fn pickle(items: &[(String, StateDictValue)]) -> Vec<u8> {
    let mut pickle = Pickle(vec![0x80, 2]);
    pickle.ordered_dictionary();
    pickle.mark();
    for (index, (key, item)) in items.iter().enumerate() {
        pickle.text(key);
        match item {
            StateDictValue::Floats { shape, .. } => pickle.tensor("FloatStorage", index, shape),
            StateDictValue::Zero => pickle.tensor("LongStorage", index, &[]),
            StateDictValue::Integer(value) => pickle.integer(*value),
            StateDictValue::Truth(value) => pickle.truth(*value),
        }
    }
    pickle.0.extend(b"u.");
    pickle.0
}

/// The opcodes of pickle protocol 2 that are used.
struct Pickle(Vec<u8>);

impl Pickle {
    fn mark(&mut self) {
        self.0.push(b'(');
    }

    fn tuple(&mut self) {
        self.0.push(b't');
    }

    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").as_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend(u32::try_from(text.len()).expect("a parameter's name is short").to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn integer(&mut self, value: usize) {
        self.0.extend([0x8a, 8]);
        self.0.extend(i64::try_from(value).expect("a size in memory fits i64").to_le_bytes());
    }

    fn integers(&mut self, values: &[usize]) {
        self.mark();
        for value in values {
            self.integer(*value);
        }
        self.tuple();
    }

    fn truth(&mut self, value: bool) {
        self.0.push(if value { 0x88 } else { 0x89 });
    }

    fn ordered_dictionary(&mut self) {
        self.global("collections", "OrderedDict");
        self.0.extend(b")R");
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`.
    fn tensor(&mut self, storage: &str, index: usize, shape: &[usize]) {
        let strides: Vec<usize> =
            (1..=shape.len()).map(|dimension| shape[dimension..].iter().product()).collect();
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.mark();
        self.mark();
        self.text("storage");
        self.global("torch", storage);
        self.text(&index.to_string());
        self.text("cpu");
        self.integer(shape.iter().product());
        self.tuple();
        self.0.push(b'Q');
        self.integer(0);
        self.integers(shape);
        self.integers(&strides);
        self.truth(false);
        self.ordered_dictionary();
        self.tuple();
        self.0.push(b'R');
    }
}
