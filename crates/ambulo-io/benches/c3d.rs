//! Time of reading and writing C3D in every dialect: `cargo bench -p ambulo-io --bench c3d`.

use std::hint::black_box;
use std::time::Instant;

use ambulo_io::c3d::{Analog, C3d, Points, Processor, Storage};

/// One hour of a full-body set with force plates at half the usual rates: about 100 MB as floats.
const FRAMES: usize = 25_000;
const POINTS: usize = 150;
const CHANNELS: usize = 24;
const SAMPLES: usize = 17;

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn main() {
    let c3d = recording();
    for processor in Processor::ALL {
        for storage in [Storage::Float, Storage::Integer] {
            let start = Instant::now();
            let bytes = c3d
                .to_bytes_as(processor, storage)
                .expect("the recording can be written");
            let write_s = start.elapsed().as_secs_f64();
            let read_s = (0..5)
                .map(|_| {
                    let start = Instant::now();
                    let read = C3d::parse(black_box(&bytes)).expect("it can be read");
                    let elapsed_s = start.elapsed().as_secs_f64();
                    assert_eq!(read.frames, FRAMES);
                    elapsed_s
                })
                .fold(f64::INFINITY, f64::min);
            let megabytes = bytes.len() as f64 / 1e6;
            println!(
                "{processor:?} {storage:?}: {megabytes:.0} MB, read {:.0} MB/s, write {:.0} MB/s",
                megabytes / read_s,
                megabytes / write_s
            );
        }
    }
}

fn recording() -> C3d {
    let wave = |n: usize| f32::from(u16::try_from(n % 4096).unwrap_or(0));
    C3d {
        processor: Processor::Intel,
        storage: Storage::Float,
        first_frame: 1,
        frames: FRAMES,
        rate_hz: 50.0,
        point_scale: 0.5,
        max_gap: 0,
        header_events: Vec::new(),
        groups: Vec::new(),
        points: Points {
            count: POINTS,
            values: (0..FRAMES * POINTS * 4).map(wave).collect(),
        },
        analog: Analog {
            channels: CHANNELS,
            samples_per_frame: SAMPLES,
            values: (0..FRAMES * CHANNELS * SAMPLES).map(wave).collect(),
        },
        trailing: Vec::new(),
        notes: Vec::new(),
    }
}
