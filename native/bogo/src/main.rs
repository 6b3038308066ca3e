//! Shim for BoringSSL's protocol test runner ("BoGo") over `tls-core`; see the README beside this.

#![forbid(unsafe_code)]

mod answers;
mod exchange;
mod flags;
mod link;
mod setup;

use flags::{Options, Refusal};
use link::Failure;
use std::process::exit;

/// Exit statuses the runner knows.
const FAILED: i32 = 1;
const UNIMPLEMENTED: i32 = 89;
/// A failure even where the runner expects one.
const MUST_NOT_HAPPEN: i32 = 90;

fn main() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        exit(MUST_NOT_HAPPEN);
    }));
    let (initial, resume) = match flags::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(Refusal::Unimplemented(text)) => stop(UNIMPLEMENTED, &text),
        Err(Refusal::Malformed(text)) => stop(MUST_NOT_HAPPEN, &text),
    };
    if initial.handshaker_question {
        println!("No"); // there is no second process that could finish the handshake
        return;
    }
    if initial.resume_count > 0 && !resume.expect_session_miss {
        stop(UNIMPLEMENTED, "resumption");
    }
    if let Some(text) = missing(&initial).or_else(|| missing(&resume)) {
        stop(UNIMPLEMENTED, &text);
    }
    for connection in 0..=initial.resume_count {
        let options = if connection == 0 { &initial } else { &resume };
        match exchange::run(options) {
            Ok(()) => {}
            Err(Failure::Unimplemented(text)) => stop(UNIMPLEMENTED, &text),
            Err(failure) => stop(FAILED, &format!("connection {connection}: {failure}")),
        }
    }
}

/// A feature that the flags ask for and the core does not have yet.
fn missing(options: &Options) -> Option<String> {
    let highest = options.max_version.unwrap_or(0x0304);
    if highest < 0x0304 || options.disabled_versions.contains(&0x0304) {
        return Some("a version below TLS 1.3".into());
    }
    None
}

fn stop(status: i32, text: &str) -> ! {
    eprintln!("{text}");
    exit(status)
}
