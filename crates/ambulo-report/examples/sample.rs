//! Writes the report of a sample, or of a `result.json`, to look at:
//! `cargo run -p ambulo-report --example sample SAMPLE FILE`, where `SAMPLE` is `full`, `crowded`,
//! `one_camera`, `rejected`, `empty`, `with_network`, `lifted` or the path of a `result.json`.

#[path = "../tests/it"]
mod it {
    pub(crate) mod sample;
}

use it::sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "full".to_owned());
    let analysis = match name.as_str() {
        "full" => sample::full(),
        "crowded" => sample::crowded(),
        "one_camera" => sample::one_camera(),
        "rejected" => sample::rejected(),
        "empty" => sample::empty(),
        "with_network" => sample::with_network(),
        "lifted" => sample::lifted(),
        path => ambulo_report::from_json(&std::fs::read_to_string(path)?)?,
    };
    let file = arguments.next().unwrap_or_else(|| "report.html".to_owned());
    std::fs::write(file, ambulo_report::html(&analysis))?;
    Ok(())
}
