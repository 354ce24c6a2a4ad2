//! The program: opens the window, or runs the command that is given.

fn main() -> std::process::ExitCode {
    monoscope::cli::main()
}
