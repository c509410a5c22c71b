//! Where there are no signals there is nothing to capture.

use std::time::Duration;

use crate::engine::Engine;
use crate::pipeline::Pipeline;
use crate::settings::Settings;

#[derive(Debug, Default)]
pub(crate) struct Station {}

impl Station {
    pub fn patience(&self, _: &Settings) -> Option<Duration> {
        None
    }

    pub fn begin(&self, settings: &Settings) {
        if settings.options.capture_crashes {
            crate::log::debug!("crashes are not captured on this platform");
        }
    }

    pub fn has_orphans(&self, _: &Settings) -> bool {
        false
    }

    pub fn learn_host_stack(&self, _: &mut dyn FnMut(i32, i32) -> bool, _: &mut dyn FnMut(i32)) -> bool {
        false
    }

    pub fn forget_host_stack(_: &mut dyn FnMut(i32)) {}

    pub fn look(&self, _: &Engine, _: &mut Pipeline, _: bool) {}

    pub fn end(&self) {}
}
