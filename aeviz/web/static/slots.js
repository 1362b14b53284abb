import { Slot } from './slot.js';
import { writeCode } from './state.js';

/** @import { Stage } from './modes.js' */
/** @import { View } from './state.js' */

/**
 * The slots of a mode: one at a time takes places from the map, and their codes are kept in the
 * address, each under its own id.
 */
export class Slots {
  /**
   * @param {Stage} stage
   * @param {{id: string, sign: string}[]} list
   * @param {(slot: Slot, time: number) => void} onChange  called after a slot has got a new code
   */
  constructor(stage, list, onChange) {
    this.stage = stage;
    /** @type {Slot | null} */
    this.armed = null;
    /** @type {import('./slot.js').SlotListener} */
    const listener = {
      onFill: (slot, time) => {
        stage.state.remember({ [slot.id]: writeCode(slot.z) });
        onChange(slot, time);
      },
      onArm: (slot) => this.arm(slot === this.armed ? null : slot),
    };
    this.list = list.map((options) => new Slot(stage, options, listener));
  }

  /** @param {Slot | null} slot */
  arm(slot) {
    this.armed?.arm(false);
    this.armed = slot;
    slot?.arm(true);
  }

  /**
   * The pinned code was moved by the person: the waiting slot takes it.
   * @param {View} view
   * @param {number} time
   */
  take({ z, point }, time) {
    this.armed?.fill(z, { point }, time);
    return this.armed;
  }
}
