//! Options of the log, and its start.

use super::progress;
use crate::{
    config::ConfigError,
    logging::{Filters, Logger, VARIABLE, WindowLog},
};
use anyhow::Result;
use clap::{ArgAction, Args};
use std::env;
use tracing::info;

/// Options of every command and of the window.
#[derive(Args)]
pub(super) struct LogArgs {
    /// Log to stderr what the program does; -vv logs every request and step too. The environment variable
    /// MONOSCOPE_LOG sets levels by target, such as monoscope::train=debug
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
}

impl LogArgs {
    /// Installs the logger of the process. Returns the log of the window; without a window it stays empty.
    ///
    /// # Errors
    /// If the environment variable holds no directives.
    pub fn start(&self, has_window: bool) -> Result<WindowLog> {
        let directives = env::var_os(VARIABLE).unwrap_or_default();
        let filters = Filters::new(self.verbose, &directives.to_string_lossy());
        let filters = filters.map_err(|error| ConfigError::plain(error.to_string()))?;
        let window = WindowLog::default();
        Logger::new(filters, progress::print_above, has_window.then(|| window.clone())).install();
        let system = sysinfo::System::long_os_version().unwrap_or_else(|| env::consts::OS.to_owned());
        info!(version = env!("CARGO_PKG_VERSION"), system, "started");
        Ok(window)
    }
}
