//! Training examples of synthetic film.

use std::time::Instant;

use ambulo_nn::codec::lift::{CHANNELS, JOINTS, LiftCodec};
use ambulo_testkit::data_dir;
use ambulo_train::batch::LiftSamples;
use ambulo_train::film::{FilmSamples, FilmSettings};
use ambulo_train::motion::{People, Role, load};

fn samples() -> Option<FilmSamples> {
    let data = data_dir()?;
    let people = People::built_in().unwrap();
    let mut takes = load(&data, &people).unwrap();
    takes.retain(|take| people.role(&take.person) == Role::Train);
    Some(FilmSamples::new(
        LiftCodec::default(),
        FilmSettings::default(),
        takes,
    ))
}

#[test]
fn examples_are_a_function_of_seed_step_and_index_and_look_like_people() {
    let Some(samples) = samples() else { return };
    let begun = Instant::now();
    let batch = samples.batch(1, 5, 256);
    println!(
        "{:.0} examples a second",
        256.0 / begun.elapsed().as_secs_f64()
    );
    assert_eq!(
        samples.batch(1, 5, 16).input,
        batch.input[..16 * batch.input.len() / 256]
    );
    assert_ne!(
        samples.batch(1, 6, 1).input,
        batch.input[..batch.input.len() / 256]
    );
    assert!(
        batch
            .input
            .iter()
            .chain(&batch.target)
            .all(|v| v.is_finite())
    );
    let mut sums = [[0.0_f64; 6]; JOINTS];
    let mut seen = [0.0_f64; JOINTS];
    for (token, target) in batch
        .input
        .chunks_exact(CHANNELS)
        .zip(batch.target.chunks_exact(3))
        .enumerate()
        .map(|(i, pair)| ((i, pair.0), pair.1))
    {
        let (index, token) = token;
        let joint = index % JOINTS;
        if token[2] > 0.0 {
            seen[joint] += 1.0;
            for axis in 0..2 {
                sums[joint][axis] += f64::from(token[axis]);
                sums[joint][2 + axis] += f64::from(target[axis]);
                sums[joint][4 + axis] += f64::from((token[axis] - target[axis]).abs());
            }
        }
    }
    for joint in 0..JOINTS {
        let n = seen[joint].max(1.0);
        println!(
            "{:>15} seen {:.2} 2D ({:+.3} {:+.3}) target ({:+.3} {:+.3}) differ ({:.3} {:.3})",
            ambulo::skeleton::LIFT_21.joints[joint],
            seen[joint] / (256.0 * 27.0),
            sums[joint][0] / n,
            sums[joint][1] / n,
            sums[joint][2] / n,
            sums[joint][3] / n,
            sums[joint][4] / n,
            sums[joint][5] / n,
        );
        // In units of the body the image is nearly the answer's own X and Y.
        assert!(sums[joint][4] / n < 0.06 && sums[joint][5] / n < 0.10);
    }
    let counted: f32 = batch.weight.iter().sum();
    assert!(counted / batch.weight.len() as f32 > 0.9);
}
