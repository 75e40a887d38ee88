//! Recorded people as 22 joints and motion features.

use std::path::{Path, PathBuf};

use ambulo::trial::Recording;
use ambulo_io::files::Input;
use ambulo_io::formats::{Document, ReadOptions};
use ambulo_nn::codec::motion::{BodyClip, Facing, JOINTS, MotionFeatures, Pose, Prepared};
use ambulo_testkit::data_dir;

fn c3d_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(c3d_files(&path));
        } else if path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("c3d"))
        {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn clip(path: &Path) -> Result<BodyClip, String> {
    let read = || -> Result<BodyClip, Box<dyn std::error::Error>> {
        let input = Input::load(path)?;
        let (_, document) = Document::read(&input, &ReadOptions::default())?;
        match document.to_trial("")?.recording {
            Recording::Motion(motion) => Ok(BodyClip::of(&motion, None)?),
            Recording::Keypoints(_) => Err("keypoints of one camera".into()),
        }
    };
    read().map_err(|error| error.to_string())
}

/// How far the pelvis goes over the ground, and how much of that is ahead.
fn way(poses: &[Pose]) -> [f64; 2] {
    let last = poses[poses.len() - 1][0] - poses[0][0];
    [last.x.hypot(last.z), last.z]
}

#[test]
fn recorded_walkers_go_ahead_with_their_left_on_the_left() {
    let Some(data) = data_dir() else {
        return;
    };
    let mut files = c3d_files(&data.join("c3d/biomechzoo"));
    files.push(data.join("c3d/btk/PiG_Motion-FlatFoot-Full.c3d"));
    files.push(data.join("cmu/02_01.amc"));
    let (mut walkers, mut heads) = (0, 0);
    for path in &files {
        let clip = match clip(path) {
            Ok(clip) => clip,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        heads += usize::from(!clip.head_synthetic());
        let poses = clip.resampled().unwrap();
        for facing in [Facing::Upstream, Facing::Anatomical] {
            let prepared = Prepared::of(&poses, facing).unwrap();
            let placed = &prepared.placed;
            assert!((0.6..1.6).contains(&prepared.scale), "{}", path.display());
            let [far, ahead] = way(placed);
            if far > 1.0 {
                let ahead = ahead / far;
                // Some begin in a turn; who is mirrored goes backwards.
                assert!(ahead > 0.5, "{} goes {ahead} ahead", path.display());
                walkers += usize::from(facing == Facing::Upstream);
            }
            for pose in placed {
                assert!(pose[15].y > pose[12].y && pose[12].y > pose[0].y, "upright");
                assert!(pose[1].x.hypot(pose[1].z).is_finite());
            }
            let features = MotionFeatures::of_prepared(&prepared, facing);
            let most = features
                .joints()
                .iter()
                .zip(placed)
                .flat_map(|(a, b)| (0..JOINTS).map(move |joint| (a[joint] - b[joint]).amax()))
                .fold(0.0, f64::max);
            assert!(
                most < 1e-4,
                "{}: {most} m lost on the way back",
                path.display()
            );
            // A walking foot rests more than a third of the time.
            let rests = (0..features.frames()).map(|frame| f64::from(features.row(frame)[260]));
            let share = rests.sum::<f64>() / features.frames() as f64;
            assert!((0.3..=1.0).contains(&share), "{}: {share}", path.display());
        }
    }
    eprintln!(
        "{} recordings, {walkers} walk, {heads} show the head",
        files.len()
    );
    assert!(walkers >= 10);
}
