/** Class names written on the map, where the class is. */

import { h } from './dom.js';

export class Labels {
  constructor(classNames, colours) {
    this.names = classNames.map((name, i) =>
      h(
        'span',
        {
          style: `--class: ${colours[i % colours.length]}`,
        },
        name,
      ),
    );
    this.element = h('div', { class: 'aeviz-labels', 'aria-hidden': 'true' }, ...this.names);
    this.centres = [];
  }

  /** Write each name at the median of its points, or below the name that is there already. */
  place(points, classOf, viewport) {
    if (points !== this.points) {
      this.points = points;
      this.centres = this.names.map((_, label) => centre(points, classOf, label));
    }
    const wanted = this.names.flatMap((name, i) => {
      name.hidden = !this.centres[i];
      return name.hidden ? [] : [{ name, at: viewport.toPixel(...this.centres[i]) }];
    });
    const written = [];
    for (const {
      name,
      at: [x, top],
    } of wanted.sort((one, other) => one.at[1] - other.at[1])) {
      const reach = name.offsetWidth / 2;
      let y = top;
      for (const other of written) {
        const beside = Math.abs(x - other.x) >= reach + other.reach;
        if (!beside && y - other.y < name.offsetHeight) y = other.y + name.offsetHeight;
      }
      written.push({ x, y, reach });
      name.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
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
