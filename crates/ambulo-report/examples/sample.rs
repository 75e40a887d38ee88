//! Writes the report of a sample analysis, to look at: `cargo run -p ambulo-report --example sample [full|crowded|one_camera|rejected|empty|with_network] FILE`.

#[path = "../tests/it/sample.rs"]
mod sample;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let analysis = match arguments.next().as_deref() {
        Some("one_camera") => sample::one_camera(),
        Some("rejected") => sample::rejected(),
        Some("crowded") => sample::crowded(),
        Some("empty") => sample::empty(),
        Some("with_network") => sample::with_network(),
        _ => sample::full(),
    };
    let file = arguments.next().unwrap_or_else(|| "report.html".to_owned());
    std::fs::write(file, ambulo_report::html(&analysis))
}
