//! Windows of a track: where they begin, and what the network reads.

use nalgebra::{Point2, Vector2};

use super::{AnsweredFrames, CHANNELS, JOINTS, LiftCodec, LiftTrack};

/// What the network reads of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct LiftWindow {
    /// Sample of its first frame; negative if the window begins before the recording.
    pub start: isize,
    /// `[frames, 21, 7]`.
    pub input: Vec<f32>,
    /// Length of leg and trunk in the image: S.
    pub scale: f64,
}

impl LiftCodec {
    /// First samples of the windows that together answer every sample of a recording.
    ///
    /// Networks that answer all frames get windows that overlap by half, in each phase of the dilation;
    /// those that answer the centre get one a sample.
    pub fn starts(&self, samples: usize) -> Vec<isize> {
        let signed = |n: usize| isize::try_from(n).unwrap_or(isize::MAX);
        let reach = signed(self.reach());
        match self.answers {
            AnsweredFrames::Centre => {
                let before = signed(self.frames / 2 * self.dilation);
                (0..signed(samples)).map(|sample| sample - before).collect()
            }
            AnsweredFrames::All => {
                let last = signed(samples) - 1 - reach;
                let phases = signed(self.dilation);
                if last < phases {
                    // The recording is hardly longer than a window: centre the windows on it.
                    let first = last.div_euclid(2) - (phases - 1).div_euclid(2);
                    return (first..first + phases).collect();
                }
                let step = signed((self.frames / 2).max(1) * self.dilation);
                let mut starts = Vec::new();
                let mut start = 0;
                while start + phases - 1 < last {
                    starts.extend(start..start + phases);
                    start += step;
                }
                starts.extend(last + 1 - phases..=last);
                starts
            }
        }
    }

    /// The window that begins at a sample; `None` if it shows nobody whose size can be measured.
    pub fn window(&self, track: &LiftTrack, start: isize) -> Option<LiftWindow> {
        let samples = self.samples_of(track.samples(), start);
        let scale = track.scale(samples.iter().copied().flatten())?;
        let roots: Vec<Option<Point2<f64>>> = samples
            .iter()
            .map(|sample| track.sample((*sample)?)[0].map(|seen| seen.place))
            .collect();
        let (mut sum, mut count) = (Vector2::zeros(), 0.0);
        for root in roots.iter().flatten() {
            sum += root.coords;
            count += 1.0;
        }
        if count == 0.0 {
            return None;
        }
        let mean = Point2::from(sum / count);
        let place = track
            .centre
            .map_or_else(Vector2::zeros, |centre| (mean - centre) / scale);
        let mut input = vec![0.0; self.input_len()];
        for ((frame, sample), root) in input
            .chunks_exact_mut(JOINTS * CHANNELS)
            .zip(&samples)
            .zip(&roots)
        {
            let (Some(sample), Some(root)) = (sample, root) else {
                continue;
            };
            let moved = (root - mean) / scale;
            for (token, seen) in frame.chunks_exact_mut(CHANNELS).zip(track.sample(*sample)) {
                if let Some(seen) = seen {
                    let offset = (seen.place - root) / scale;
                    token[0] = single(offset.x);
                    token[1] = single(-offset.y);
                    token[2] = single(seen.confidence);
                }
                token[3] = single(place.x);
                token[4] = single(-place.y);
                token[5] = single(moved.x);
                token[6] = single(-moved.y);
            }
        }
        Some(LiftWindow {
            start,
            input,
            scale,
        })
    }

    /// The samples of a window's frames; `None` outside the recording.
    pub(super) fn samples_of(&self, samples: usize, start: isize) -> Vec<Option<usize>> {
        (0..self.frames)
            .map(|frame| {
                let offset = isize::try_from(frame * self.dilation).ok()?;
                let sample = usize::try_from(start.checked_add(offset)?).ok()?;
                (sample < samples).then_some(sample)
            })
            .collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]
fn single(value: f64) -> f32 {
    value.clamp(-1e6, 1e6) as f32
}
