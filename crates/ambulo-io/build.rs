//! Notes whether the H.264 decoder is built with its assembly, which on x86 needs `nasm`: only so that
//! `ambulo doctor` can say it.

use std::env;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(openh264_assembly)");
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-env-changed=OPENH264_NO_ASM");
    let is_x86 = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch.starts_with("x86"));
    let wanted = env::var_os("OPENH264_NO_ASM").is_none();
    if is_x86 && wanted && nasm_runs() {
        println!("cargo::rustc-cfg=openh264_assembly");
    }
}

fn nasm_runs() -> bool {
    Command::new("nasm")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
