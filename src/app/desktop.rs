//! Connection to the desktop, by Wayland or X11.

use eframe::UserEvent;
use winit::{error::EventLoopError, event_loop::EventLoop};

/// Opens the event loop. On Linux, winit takes Wayland wherever `WAYLAND_DISPLAY` is set, also in a session that has
/// ended; if nobody listens there, X11 is taken.
///
/// # Errors
/// If there is no display.
pub fn event_loop() -> Result<EventLoop<UserEvent>, EventLoopError> {
    let mut builder = EventLoop::with_user_event();
    #[cfg(target_os = "linux")]
    if !linux::wayland_listens() && linux::is_set("DISPLAY") {
        use winit::platform::x11::EventLoopBuilderExtX11;
        builder.with_x11();
    }
    builder.build()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{env, os::unix::net::UnixStream, path::Path};
    use tracing::info;

    pub(super) fn is_set(variable: &str) -> bool {
        env::var_os(variable).is_some_and(|value| !value.is_empty())
    }

    /// Tells if a Wayland compositor accepts connections.
    pub(super) fn wayland_listens() -> bool {
        if is_set("WAYLAND_SOCKET") {
            // A connection that is open already, which a test would use up.
            return true;
        }
        let Some(name) = env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty()) else { return false };
        // An absolute path replaces the folder.
        let socket = Path::new(&env::var_os("XDG_RUNTIME_DIR").unwrap_or_default()).join(name);
        let connected = UnixStream::connect(&socket);
        if let Err(error) = &connected {
            info!(socket = %socket.display(), %error, "no Wayland compositor listens");
        }
        connected.is_ok()
    }
}
