import { Component, type ReactNode } from 'react';
import type { Words } from './words';

/** A screen that fails says so and leaves the rest of the window at work. Saved records and unfinished forms stay. */
export class Broken extends Component<{ t: Words; children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    const { t } = this.props;
    return (
      <div className="page" role="alert">
        <h1 className="page-title">{t('broken.title')}</h1>
        <p className="page-note">{t('broken.explain')}</p>
      </div>
    );
  }
}
