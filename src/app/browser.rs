//! Addresses that links ask to open, for the browser. egui's own way to open them would bring 28 crates.

use egui::{Context, OutputCommand};
use std::io;

/// Takes the addresses that links asked to open since the last call.
pub fn take_requested(context: &Context) -> Vec<String> {
    let mut addresses = Vec::new();
    context.output_mut(|output| {
        output.commands.retain(|command| {
            let OutputCommand::OpenUrl(open) = command else { return true };
            addresses.push(open.url.clone());
            false
        });
    });
    addresses
}

/// Opens an address.
///
/// # Errors
/// If the program that opens addresses cannot be started.
pub fn open(address: &str) -> io::Result<()> {
    open::that_detached(address)
}
