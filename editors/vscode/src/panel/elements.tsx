/** The parts of @vscode-elements/elements that the panel uses, with their types for JSX. */
import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { ComponentChildren, JSX } from 'preact';

interface ButtonAttributes {
  onClick?: () => void;
  secondary?: boolean;
  disabled?: boolean;
  children?: ComponentChildren;
}

declare module 'preact' {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way to add elements to JSX
  namespace JSX {
    interface IntrinsicElements {
      'vscode-button': ButtonAttributes;
    }
  }
}

export function Button(attributes: ButtonAttributes): JSX.Element {
  return <vscode-button {...attributes} />;
}

/** A button that is only an icon; its name is for screen readers and the tooltip. */
export function IconButton(attributes: { icon: string; name: string; onClick: () => void }): JSX.Element {
  const { icon, name, onClick } = attributes;
  return (
    <button type="button" class="icon" aria-label={name} title={name} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

export function Icon({ name, spin = false }: { name: string; spin?: boolean }): JSX.Element {
  return <i class={`codicon codicon-${name}${spin ? ' codicon-modifier-spin' : ''}`} aria-hidden="true" />;
}
