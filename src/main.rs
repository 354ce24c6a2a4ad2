//! The program: a window without a command, else a job.

fn main() -> std::process::ExitCode {
    monoscope::cli::main()
}
