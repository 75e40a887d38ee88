//! The recipes of the papers on gait parameters, from files of the published form to weights that estimate.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ambulo::synth::SeededRng;
use ambulo_nn::codec::params::{COLUMNS, FRAMES, Recipe};
use ambulo_nn::estimator::Estimator;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::Weights;
use ambulo_train::device;
use ambulo_train::fit::{Event, Setup, fit_params};
use ambulo_train::recipe::ParamsRecipe;

/// Videos, each of another patient, with two windows.
const VIDEOS: u32 = 10;

/// A folder of files of the published names and forms, with walks made here.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ambulo-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(path.join(name), bytes).unwrap();
        let mut split = "videoid,Patient_ID,dataset\n".to_owned();
        let mut targets =
            "videoid,Patient_ID,side,GDI,KneeFlex_maxExtension,speed,cadence\n".to_owned();
        for video in 0..VIDEOS {
            let part = match video % 5 {
                3 => "validation",
                4 => "test",
                _ => "train",
            };
            let patient = 100 + video;
            let _ = writeln!(split, "{video},{patient},{part}");
            let crouch = crouch(video);
            for side in ["L", "R"] {
                let (gdi, knee) = (100.0 - 40.0 * crouch, 30.0 * crouch);
                let (speed, cadence) = (1.2 - 0.6 * crouch, 1.1 - 0.3 * crouch);
                let _ = writeln!(
                    targets,
                    "{video},{patient},{side},{gdi},{knee},{speed},{cadence}"
                );
            }
        }
        write("train_test_valid_id_split.csv", split.as_bytes());
        write("alldata_processed.csv", targets.as_bytes());
        let windows = windows();
        write("all_processed_video_segments.pickle", &windows);
        write("all_processed_video_segments_doublesided.pickle", &windows);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How bent the knees of a video are, 0 to 1.
fn crouch(video: u32) -> f64 {
    f64::from(video * 7 % VIDEOS) / f64::from(VIDEOS)
}

/// Pickled windows in which all columns swing, about a place that tells how bent the knees are.
fn windows() -> Vec<u8> {
    let mut rng = SeededRng::new(3);
    let mut bytes = b"\x80\x02](".to_vec();
    for window in 0..2 * VIDEOS {
        let video = window / 2;
        let name = video.to_string();
        bytes.push(b'X');
        bytes.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend([b'K', if window % 2 == 0 { 0 } else { 31 }]);
        bytes
            .extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R");
        let [frames, columns] = [FRAMES, COLUMNS].map(|size| u8::try_from(size).unwrap());
        bytes.extend([b'(', b'K', 1, b'K', frames, b'K', columns, 0x86]);
        bytes.extend(b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb");
        bytes.extend(b"\x89T");
        let numbers = u32::from(frames) * u32::from(columns);
        bytes.extend((numbers * 8).to_le_bytes());
        let phase = rng.unit();
        for number in 0..numbers {
            let (frame, column) = (number / u32::from(columns), number % u32::from(columns));
            let swing = 0.3 * (0.25 * f64::from(frame) + phase + f64::from(column)).sin();
            bytes.extend((swing + crouch(video)).to_le_bytes());
        }
        bytes.extend(b"tb\x87");
    }
    bytes.extend(b"e.");
    bytes
}

/// Trains every run of a recipe for a few passes over files of the published form.
#[track_caller]
fn train(recipe: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let mut recipe_read = ParamsRecipe::read(&path.join(format!("{recipe}.toml"))).unwrap();
    let folder = Folder::new(recipe);
    recipe_read.data.set_folder(&folder.0);
    let source = recipe_read.data.source().unwrap();
    assert_eq!(recipe_read.runs.len(), 4, "{recipe}");
    for run in &recipe_read.runs {
        let mut train = recipe_read.train_of(run);
        assert_eq!(train.recipe, Recipe::Paper);
        train.run.epochs = Some(3);
        train.run.batch = train.run.batch.min(8);
        train.run.log_every = 1;
        let lesson = source.lesson(run, &train).unwrap();
        let legs = if run.target.is_sided() { 2 } else { 1 };
        assert_eq!(
            [lesson.train.len(), lesson.tune.len()],
            [6 * legs, 2 * legs]
        );
        let setup = Setup {
            network: run.model.clone(),
            name: run.name.clone(),
            notes: source.notes(run, &train),
            train,
            folder: folder.0.join(&run.name),
            resume: false,
        };
        let (mut losses, mut validated) = (Vec::new(), 0);
        let mut listen = |event: &Event| match event {
            Event::Logged { loss, .. } => losses.push(*loss),
            Event::Validated { .. } => validated += 1,
            _ => {}
        };
        fit_params(&setup, &lesson, &device::cpu(), &mut listen).unwrap();
        // The published code judges after every pass.
        assert_eq!(validated, 3, "{}", run.name);
        let pass = losses.len() / 3;
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let (first, last) = (mean(&losses[..pass]), mean(&losses[2 * pass..]));
        assert!(last < first, "{}: {first} to {last}", run.name);
        for file in ["weights.safetensors", "last.safetensors"] {
            let bytes = std::fs::read(setup.folder.join(file)).unwrap();
            let weights = Weights::from_bytes(&bytes).unwrap();
            let estimator = Estimator::new(&weights, Threads::default()).unwrap();
            assert_eq!(estimator.target(), run.target);
            assert_eq!(estimator.recipe(), Recipe::Paper);
            assert_eq!(estimator.residuals().map(|r| r.people), Some(2));
        }
    }
}

#[test]
fn the_recipe_of_stt_trains_on_published_files() {
    train("params_stt_paper");
}

#[test]
fn the_recipe_of_the_1d_cnn_trains_on_published_files() {
    train("params_cnn1d_paper");
}
