/** Class names written on the map, where the class is. */

import { h } from './dom.js';

export class Labels {
  constructor(classNames, colours) {
    this.names = classNames.map((name, i) => h('span', {
      style: `--class: ${colours[i % colours.length]}`,
    }, name));
    this.element = h('div', { class: 'aeviz-labels', 'aria-hidden': 'true' }, ...this.names);
    this.centres = [];
  }

  /** Write each name at the median of its points. */
  place(points, classOf, viewport) {
    if (points !== this.points) {
      this.points = points;
      this.centres = this.names.map((_, label) => centre(points, classOf, label));
    }
    this.names.forEach((name, i) => {
      if (!this.centres[i]) {
        name.hidden = true;
        return;
      }
      const [x, y] = viewport.toPixel(...this.centres[i]);
      name.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    });
  }

  toggle(index, visible) {
    this.names[index].style.display = visible ? '' : 'none';
  }
}

function centre(points, classOf, label) {
  const xs = [];
  const ys = [];
  classOf.forEach((other, i) => {
    if (other !== label) return;
    xs.push(points[2 * i]);
    ys.push(points[2 * i + 1]);
  });
  return xs.length ? [median(xs), median(ys)] : null;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
