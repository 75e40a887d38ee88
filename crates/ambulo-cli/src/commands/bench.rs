//! `ambulo bench`: the time of every stage and network on this machine.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::Weights;
use ambulo_pipeline::bench::{self, NetworkBench};
use anyhow::Context as _;

use crate::Outcome;
use crate::progress::Progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fewer repetitions
    #[arg(long)]
    quick: bool,
    /// Threads of the networks; 0 for one a processor
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Time only the network of a weights file
    #[arg(long, value_name = "FILE.safetensors")]
    network: Option<PathBuf>,
    /// Inputs of that network at once
    #[arg(long, value_name = "N", default_value = "1", requires = "network")]
    batch: std::num::NonZeroUsize,
    /// Keep the weights of a language model as bfloat16: half the memory
    #[arg(long, requires = "network")]
    bf16: bool,
    /// Stay and answer lines: for seconds to run, the time of each run as JSON; for "peak", the
    /// processor's; for "reading", that of a language model's input
    #[arg(long, requires = "network")]
    lines: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let threads = Threads::new(args.threads);
    let mut out = std::io::stdout();
    if let Some(path) = &args.network {
        let mut network = load(path, args, threads)?;
        if args.lines {
            answer_lines(&mut network)?;
        } else {
            let least_s = if args.quick { 0.3 } else { 10.0 };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let row = bench::run_network(&name, &mut network, least_s)?;
            out.write_all(row.as_bytes())?;
        }
        return Ok(Outcome::Done);
    }
    let mut progress = Progress::new(false);
    let table = bench::run(args.quick, threads, &mut |stage| progress.stage(stage))?;
    progress.finish();
    out.write_all(table.as_bytes())?;
    Ok(Outcome::Done)
}

fn load(path: &Path, args: &Args, threads: Threads) -> anyhow::Result<NetworkBench> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let weights = Weights::from_bytes(&bytes)
        .with_context(|| format!("cannot load weights from {}", path.display()))?;
    drop(bytes);
    let engine = Engine::new(threads);
    let config = weights.config().clone();
    let precision = super::infer::precision(args.bf16, &config)?;
    let batch = args.batch.get();
    Ok(NetworkBench::new(
        &config,
        weights.tensors(),
        batch,
        &engine,
        precision,
    )?)
}

/// One line of JSON when ready, and one for each line read, until there are no more.
fn answer_lines(network: &mut NetworkBench) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let mut answer = |json: &serde_json::Value| {
        writeln!(out, "{json}")?;
        out.flush()
    };
    answer(&serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim() == "peak" {
            let gflops = network.peak_operations_per_second() / 1e9;
            answer(&serde_json::json!({ "gflops": gflops }))?;
            continue;
        }
        if line.trim() == "reading" {
            answer(&serde_json::json!({ "reading_s": network.reading_s() }))?;
            continue;
        }
        let least_s: f64 = (line.trim().parse())
            .with_context(|| format!("{line:?} is neither seconds nor \"peak\" nor \"reading\""))?;
        answer(&serde_json::json!({ "seconds": network.seconds(least_s)? }))?;
    }
    Ok(())
}
