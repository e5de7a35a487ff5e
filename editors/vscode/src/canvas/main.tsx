import { render } from 'preact';
import '@xyflow/react/dist/base.css';
import { Canvas } from './Canvas';
import './styles.css';

const root = document.getElementById('root');
if (root !== null) render(<Canvas />, root);
