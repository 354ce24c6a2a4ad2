//! The program: a window without a command, else a job.

fn main() -> std::process::ExitCode {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // Without it, Mesa's Vulkan layer prints an error for every look at the adapters.
        #[allow(unsafe_code, reason = "the environment can be set no other way")]
        // SAFETY: no other thread runs yet.
        unsafe {
            std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir());
        }
    }
    monoscope::cli::main()
}
