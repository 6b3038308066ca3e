//! Shim for BoringSSL's protocol test runner ("BoGo") over `tls-core`; see the README beside this.

#![forbid(unsafe_code)]

mod answers;
mod ciphers;
mod exchange;
mod flags;
mod link;
mod setup;

use answers::Sessions;
use flags::Refusal;
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
        Err(Refusal::Later(subject)) => stop(UNIMPLEMENTED, subject),
        Err(Refusal::Unknown(text)) => stop(MUST_NOT_HAPPEN, &text),
    };
    if initial.handshaker_question {
        println!("No"); // there is no second process that could finish the handshake
        return;
    }
    let mut sessions = Sessions::default();
    for connection in 0..=initial.resume_count {
        let options = if connection == 0 { &initial } else { &resume };
        match exchange::run(options, &mut sessions) {
            Ok(()) => {}
            Err(Failure::Later(subject)) => stop(UNIMPLEMENTED, subject),
            Err(Failure::Lacking(text)) => stop(MUST_NOT_HAPPEN, &text),
            Err(failure) => stop(FAILED, &format!("connection {connection}: {failure}")),
        }
    }
}

fn stop(status: i32, text: &str) -> ! {
    eprintln!("{text}");
    exit(status)
}
