//! H.264 decoded in this process, by `OpenH264`, on a thread of its own.
//!
//! Coded pictures go to the decoder one by one and each comes out at once (see
//! [`Sps::for_decoding_order`]), so which sample a picture belongs to, and with it its time, is known
//! and not counted. The order of showing is made here, from the index.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use openh264::OpenH264API;
use openh264::decoder::{DecodeOptions, Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource as _;

use super::colour::{Colour, Planes, Rows, ToRgb};
use super::error::{VideoError, VideoWarning};
use super::h264::{AvcConfig, NalKind, Sps, nal_units};
use super::mp4::{Index, Sample};

/// Frames decoded ahead of the reader.
const AHEAD: usize = 2;
/// Pictures that wait for one shown before them. H.264 allows no more.
const MOST_WAITING: usize = 16;
/// The decoder takes no coded picture that is longer: level 5.2.
const LONGEST_SAMPLE: u32 = 7_077_888;

/// What the built-in decoder knows of a video before its first frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    sets: AvcConfig,
    /// Width and height as coded, before turning.
    pub(crate) size_px: [u32; 2],
    pub(crate) pixel_aspect: Option<[u32; 2]>,
    pub(crate) colour: Colour,
}

/// A frame in the order of showing, or how decoding ended.
pub(crate) enum Message {
    /// Its place in the order of showing, and its pixels, upright.
    Frame(u32, Vec<u8>),
    /// All frames have been given.
    End(Vec<VideoWarning>),
    /// Decoding cannot go on.
    Failed(VideoError),
}

/// The thread that decodes.
#[derive(Debug)]
pub(crate) struct Builtin {
    frames: Receiver<Message>,
    spare: Sender<Vec<u8>>,
}

impl Plan {
    /// What is known of the video from its parameter sets; else what stands against decoding it here.
    pub(crate) fn of(index: &Index, file: &mut (impl Read + Seek)) -> Result<Self, Obstacle> {
        let sets = index.avc.clone().ok_or(Obstacle::Codec)?;
        if !index.single_description {
            return Err(Obstacle::Because(
                "several descriptions of its coding".into(),
            ));
        }
        let damaged = || Obstacle::Because("damaged parameter sets".into());
        let sps = match sets.sequence_sets.first() {
            Some(set) => Sps::parse(set),
            None => first_set(index, &sets, file),
        };
        let sps = sps.ok_or_else(damaged)?;
        if let Some(why) = sps.obstacle() {
            return Err(Obstacle::Because(why));
        }
        let size_px = [sps.width_px, sps.height_px];
        Ok(Self {
            sets,
            size_px,
            pixel_aspect: sps.pixel_aspect.or(index.pixel_aspect),
            colour: sps.colour.or(index.colour).resolve(size_px[0], size_px[1]),
        })
    }
}

/// Why the built-in decoder does not read a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It is not H.264 in MP4 or MOV.
    Codec,
    /// It is, with something else.
    Because(String),
}

impl Obstacle {
    /// The reason, if there is more to say than the codec.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Codec => None,
            Self::Because(why) => Some(why),
        }
    }
}

/// The first parameter set among the pictures, where the index holds none.
fn first_set(index: &Index, sets: &AvcConfig, file: &mut (impl Read + Seek)) -> Option<Sps> {
    let mut bytes = Vec::new();
    read_sample(file, index.samples.first()?, &mut bytes).ok()?;
    nal_units(&bytes, sets.length_bytes)
        .flatten()
        .find(|nal| NalKind::of(nal) == NalKind::SequenceSet)
        .and_then(Sps::parse)
}

fn read_sample(
    file: &mut (impl Read + Seek),
    sample: &Sample,
    bytes: &mut Vec<u8>,
) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(sample.offset))?;
    bytes.clear();
    file.take(u64::from(sample.size)).read_to_end(bytes)?;
    Ok(())
}

impl Builtin {
    /// Starts decoding.
    pub(crate) fn start(
        file: impl Read + Seek + Send + 'static,
        index: Arc<Index>,
        plan: Plan,
    ) -> Result<Self, VideoError> {
        let (send, frames) = sync_channel(AHEAD);
        let (spare, used) = channel();
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|error| decoder_error(&error))?;
        let mut decoding = Decoding {
            file,
            decoder,
            to_rgb: ToRgb::new(plan.colour),
            plan,
            index,
            rows: Rows::default(),
            sample: Vec::new(),
            packet: Vec::new(),
            turned: Vec::new(),
            used,
            begun: false,
            waiting: BTreeMap::new(),
            next: 0,
            lost: 0,
            first_lost: None,
        };
        thread::Builder::new()
            .name("video".to_owned())
            .spawn(move || {
                let last = match decoding.run(&send) {
                    Ok(true) => Message::End(decoding.warnings()),
                    Ok(false) => return,
                    Err(error) => Message::Failed(error),
                };
                // Nobody waits for it any more if this fails.
                let _ = send.send(last);
            })
            .map_err(VideoError::Read)?;
        Ok(Self { frames, spare })
    }

    /// The next frame, or how decoding ended.
    pub(crate) fn next(&mut self) -> Message {
        self.frames.recv().unwrap_or_else(|_| {
            Message::Failed(VideoError::Decoder {
                message: "its thread ended".to_owned(),
            })
        })
    }

    /// Memory of a frame that is no longer needed.
    pub(crate) fn give_back(&mut self, rgb: Vec<u8>) {
        // Decoding may be over.
        let _ = self.spare.send(rgb);
    }
}

fn decoder_error(error: &openh264::Error) -> VideoError {
    VideoError::Decoder {
        message: error.to_string(),
    }
}

struct Decoding<F> {
    file: F,
    decoder: Decoder,
    plan: Plan,
    index: Arc<Index>,
    to_rgb: ToRgb,
    rows: Rows,
    sample: Vec<u8>,
    packet: Vec<u8>,
    turned: Vec<u8>,
    used: Receiver<Vec<u8>>,
    /// Whether a sample has been given to the decoder.
    begun: bool,
    /// Decoded frames, or `None` for lost ones, by their place in the order of showing.
    waiting: BTreeMap<u32, Option<Vec<u8>>>,
    next: u32,
    lost: u64,
    first_lost: Option<u32>,
}

impl<F: Read + Seek> Decoding<F> {
    /// Decodes all; `false` if nobody takes the frames any more.
    fn run(&mut self, send: &SyncSender<Message>) -> Result<bool, VideoError> {
        let index = Arc::clone(&self.index);
        for (sample, &place) in index.samples.iter().zip(&index.places) {
            let rgb = self.decode(sample, place)?;
            let Some(place) = place else { continue };
            self.waiting.insert(place, rgb);
            while let Some(frame) = self.waiting.remove(&self.next) {
                if let Some(rgb) = frame {
                    if send.send(Message::Frame(self.next, rgb)).is_err() {
                        return Ok(false);
                    }
                } else {
                    self.lost += 1;
                    self.first_lost = self.first_lost.or(Some(self.next));
                }
                self.next += 1;
            }
            if self.waiting.values().flatten().count() > MOST_WAITING {
                return Err(VideoError::Disorder {
                    frame: u64::from(self.next),
                });
            }
        }
        Ok(true)
    }

    fn warnings(&self) -> Vec<VideoWarning> {
        let lost = self.first_lost.map(|first| VideoWarning::Lost {
            frames: self.lost,
            of: self.index.times_s.len() as u64,
            first: u64::from(first),
        });
        lost.into_iter().collect()
    }

    /// The picture of a sample, upright; `None` if it is damaged, or not shown.
    fn decode(
        &mut self,
        sample: &Sample,
        place: Option<u32>,
    ) -> Result<Option<Vec<u8>>, VideoError> {
        if sample.size > LONGEST_SAMPLE {
            return Ok(None);
        }
        read_sample(&mut self.file, sample, &mut self.sample).map_err(VideoError::Read)?;
        if !self.pack(place)? {
            return Ok(None);
        }
        let options = DecodeOptions::new().flush_after_decode(Flush::NoFlush);
        let Ok(Some(picture)) = self.decoder.decode_with_options(&self.packet, options) else {
            return Ok(None);
        };
        let Some(place) = place else {
            return Ok(None);
        };
        let (width_px, height_px) = picture.dimensions();
        let to_px = [width_px, height_px].map(|length| u32::try_from(length).unwrap_or(0));
        if to_px != self.plan.size_px {
            return Err(self.size_changed(to_px, Some(place)));
        }
        let (luma_stride, chroma_stride, _) = picture.strides();
        let planes = Planes {
            width_px,
            height_px,
            luma: picture.y(),
            blue: picture.u(),
            red: picture.v(),
            strides: [luma_stride, chroma_stride],
        };
        let mut rgb = self.used.try_recv().unwrap_or_default();
        if !planes.write_rgb(self.to_rgb, &mut self.rows, &mut rgb) {
            return Ok(None);
        }
        let orientation = self.index.orientation;
        if !orientation.is_upright() {
            orientation.turn(&rgb, width_px, &mut self.turned);
            std::mem::swap(&mut rgb, &mut self.turned);
        }
        Ok(Some(rgb))
    }

    /// Makes the packet for the decoder of the sample: what a picture needs, with start codes.
    ///
    /// `false` if the sample is cut off within: then it is not decoded, for half a picture is none.
    fn pack(&mut self, place: Option<u32>) -> Result<bool, VideoError> {
        self.packet.clear();
        let units: Result<Vec<&[u8]>, _> =
            nal_units(&self.sample, self.plan.sets.length_bytes).collect();
        let Ok(units) = units else { return Ok(false) };
        let holds = |kind| units.iter().any(|nal| NalKind::of(nal) == kind);
        // Before each picture from which decoding can begin, for the decoder may have lost them.
        let wanted = holds(NalKind::KeySlice) || !self.begun;
        self.begun = true;
        if wanted && !holds(NalKind::SequenceSet) {
            for set in &self.plan.sets.sequence_sets {
                if let Some(set) = Sps::for_decoding_order(set) {
                    append(&mut self.packet, &set);
                }
            }
            for set in &self.plan.sets.picture_sets {
                append(&mut self.packet, set);
            }
        }
        let mut pictures = 0;
        for nal in units {
            match NalKind::of(nal) {
                NalKind::Slice | NalKind::KeySlice => {
                    append(&mut self.packet, nal);
                    pictures += 1;
                }
                NalKind::PictureSet => append(&mut self.packet, nal),
                NalKind::SequenceSet => {
                    let Some(sps) = Sps::parse(nal) else {
                        return Ok(false);
                    };
                    let to_px = [sps.width_px, sps.height_px];
                    if to_px != self.plan.size_px || sps.obstacle().is_some() {
                        return Err(self.size_changed(to_px, place));
                    }
                    if let Some(set) = Sps::for_decoding_order(nal) {
                        append(&mut self.packet, &set);
                    }
                }
                NalKind::Other => {}
            }
        }
        Ok(pictures > 0)
    }

    fn size_changed(&self, to_px: [u32; 2], place: Option<u32>) -> VideoError {
        VideoError::SizeChanged {
            frame: u64::from(place.unwrap_or(self.next)),
            from_px: self.plan.size_px,
            to_px,
        }
    }
}

fn append(packet: &mut Vec<u8>, nal: &[u8]) {
    packet.extend_from_slice(&[0, 0, 0, 1]);
    packet.extend_from_slice(nal);
}
