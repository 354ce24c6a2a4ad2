//! libwayland's messages, sent to the program's log.
//!
//! On Linux, a layer of Mesa asks the Wayland display for its GPU whenever adapters are listed that could draw into a
//! Wayland window. Where nobody is logged in at a desktop (in a container, over ssh), libwayland then prints to
//! stderr that XDG_RUNTIME_DIR is not set, although nothing is wrong: adapters are found, and a window opens by X11.

/// Sends libwayland's messages to the program's log, at debug level, instead of to stderr. Call this before adapters
/// are listed. Without libwayland it does nothing.
pub fn log_libwayland() {
    #[cfg(target_os = "linux")]
    linux::install();
}

#[cfg(target_os = "linux")]
mod linux {
    // The library takes a function pointer, and calls it with C's pointers.
    #![allow(unsafe_code)]

    use std::{
        ffi::{CStr, c_char, c_void},
        sync::Once,
    };
    use wayland_sys::{
        client::{is_lib_available, wayland_client_handle},
        ffi_dispatch,
    };

    pub(super) fn install() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            if is_lib_available() {
                // SAFETY: the handler has the type that the library documents, and lives as long as the process.
                unsafe { ffi_dispatch!(wayland_client_handle(), wl_log_set_handler_client, log_message) };
            }
        });
    }

    /// Handler of a printf format and its arguments. Rust cannot read a `va_list`, so messages with arguments are
    /// logged with their placeholders.
    unsafe extern "C" fn log_message(format: *const c_char, _arguments: *const c_void) {
        // SAFETY: the library gives a text that ends with a zero and is not changed meanwhile.
        let message = unsafe { CStr::from_ptr(format) };
        tracing::debug!(target: "libwayland", "{}", message.to_string_lossy().trim_end());
    }
}
