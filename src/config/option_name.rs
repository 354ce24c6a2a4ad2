//! Names of options, as a flag and as a label.

/// Name of an option of a run: that of its field and of its key in TOML files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionName(&'static str);

impl OptionName {
    /// Takes the name of a field; [`option_name!`] checks that the field exists.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Key in TOML files: `batch_size`.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Flag on the command line: `--batch-size`.
    pub fn flag(self) -> String {
        format!("--{}", self.0.replace('_', "-"))
    }

    /// Label in a form: `Batch size`.
    pub fn label(self) -> String {
        let words = self.0.replace('_', " ").replace("ssim", "SSIM").replace("v1", "V1");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }
}

/// Gives the [`OptionName`] of a field, as in `option_name!(TrainingConfig, batch_size)`; only fields that exist
/// compile.
macro_rules! option_name {
    ($part:ty, $field:ident) => {{
        let _: usize = std::mem::offset_of!($part, $field);
        $crate::config::OptionName::new(stringify!($field))
    }};
}
pub(crate) use option_name;
